/**
 * The CustomResourceDefinition of Release. Kept small on purpose: the size of a CRD's schema is the API server's time on
 * every write. Pod templates are not spelt out; the workload they become is checked by the server.
 */
import { phases } from '../model/notebook.ts'
import { routerNames } from '../traffic/register.ts'

/** One node of a structural OpenAPI v3 schema. */
export type Schema = { readonly [keyword: string]: unknown }

const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  maxLength: 253,
  description,
  ...more,
})
const list = (items: Schema, more: Schema = {}): Schema => ({ type: 'array', items, ...more })
const object = (properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...more,
})
const rule = (expression: string, message: string, more: Schema = {}): Schema => ({
  rule: expression,
  message,
  ...more,
})
const rules = (...found: readonly Schema[]): Schema => ({ 'x-kubernetes-validations': found })

const name = (description: string): Schema => text(description, { minLength: 1, maxLength: 63 })
const count = (description: string, minimum: number, more: Schema = {}): Schema => ({
  type: 'integer',
  format: 'int32',
  minimum,
  description,
  ...more,
})
const duration = (description: string, more: Schema = {}): Schema =>
  text(description, {
    maxLength: 32,
    ...rules(
      rule("self.matches('^(0|([0-9]+(ms|s|m|h|d))+)$')", 'write a duration like 30s, 5m or 1h30m'),
    ),
    ...more,
  })
const labels = (description: string): Schema => ({
  type: 'object',
  maxProperties: 32,
  additionalProperties: { type: 'string', maxLength: 63 },
  description,
})
const open: Schema = { 'x-kubernetes-preserve-unknown-fields': true }

const step = object(
  {
    weight: count('Per cent of traffic for the candidate.', 0, { maximum: 100 }),
    replicas: count('Pods of the candidate, instead of as many as its weight needs.', 0),
    pause: { ...open, description: 'A duration to wait, or {} to wait until somebody promotes.' },
    analysis: list(name('Name of a metric.'), {
      minItems: 1,
      maxItems: 16,
      description: 'Metrics that must pass.',
    }),
  },
  {
    oneOf: [
      { required: ['weight'] },
      { required: ['replicas'], not: { required: ['weight'] } },
      { required: ['pause'] },
      { required: ['analysis'] },
    ],
    ...rules(
      rule(
        'has(self.weight) || has(self.replicas) ? !has(self.analysis) : true',
        'a step is one of weight, replicas, pause, analysis; write two steps instead',
      ),
      rule(
        'has(self.weight) && self.weight > 0 && has(self.replicas) ? self.replicas > 0 : true',
        'a weight above 0 needs at least one pod; write replicas 1 or more',
      ),
    ),
  },
)

const metric = object(
  {
    name: name('How steps and status call it.'),
    template: name(
      'A built-in query: error-rate, success-rate (per cent), latency-p50, -p95, -p99 (milliseconds).',
    ),
    query: text(
      'PromQL that ends in one number; {{labels}}, {{window}}, {{namespace}}, {{rollout}}, {{revision}} are filled in.',
      {
        maxLength: 4096,
      },
    ),
    max: { type: 'number', description: 'A sample above is bad.' },
    min: { type: 'number', description: 'A sample below is bad.' },
    interval: duration('Between two samples.', { default: '30s' }),
    window: duration('How far a sample looks back, at most to when the candidate got traffic.', {
      default: '2m',
    }),
    failures: count('So many bad samples turn the release back.', 1, { default: 1 }),
    count: count('So many good samples make it pass.', 1, { default: 1 }),
    onNoData: { ...policy('there is nothing to judge') },
    onError: { ...policy('the provider fails') },
  },
  {
    required: ['name'],
    ...rules(
      rule('has(self.template) != has(self.query)', 'write either template or query'),
      rule(
        'has(self.max) || has(self.min)',
        'write max, min or both; without them every sample would be good',
      ),
    ),
  },
)

function policy(when: string): Schema {
  return {
    type: 'string',
    enum: ['hold', 'continue', 'rollback'],
    default: 'hold',
    description: `When ${when}.`,
  }
}

/** The schema of `spec` alone. */
export const releaseSpecSchema = object(
  {
    replicas: count('Pods that serve all traffic.', 0, { default: 1 }),
    selector: object(
      { matchLabels: labels('Labels that the template has too.') },
      {
        required: ['matchLabels'],
        ...rules(rule('self == oldSelf', 'the selector cannot change; make a new Release')),
      },
    ),
    template: {
      type: 'object',
      description: 'A pod template, as in a Deployment.',
      ...open,
      required: ['metadata', 'spec'],
      properties: {
        metadata: {
          type: 'object',
          ...open,
          required: ['labels'],
          properties: { labels: labels('Labels of the pods.') },
        },
        spec: {
          type: 'object',
          ...open,
          required: ['containers'],
          properties: {
            containers: list({ type: 'object', ...open }, { minItems: 1, maxItems: 64 }),
          },
        },
      },
    },
    services: object(
      {
        stable: name('Service of the stable revision.'),
        candidate: name('Service of the revision on trial.'),
      },
      {
        required: ['stable', 'candidate'],
        description: 'Existing Services, or names for new ones.',
        ...rules(
          rule(
            'self.stable != self.candidate',
            'stable and candidate must be two different Services',
          ),
        ),
      },
    ),
    traffic: object(
      {
        router: {
          type: 'string',
          enum: [...routerNames],
          default: 'gateway-api',
          description: 'What splits the traffic.',
        },
        route: name('The HTTPRoute whose weights are moved.'),
        settle: duration(
          'How long the gateway may follow behind its own word; by default what its kind needs.',
        ),
      },
      { required: ['route'] },
    ),
    strategy: object(
      {
        canary: object(
          { steps: list(step, { minItems: 1, maxItems: 50 }) },
          { required: ['steps'] },
        ),
      },
      { required: ['canary'] },
    ),
    analysis: object(
      {
        provider: object(
          {
            prometheus: object(
              { address: text('http://NAME.NAMESPACE.svc:PORT') },
              { required: ['address'] },
            ),
          },
          { required: ['prometheus'] },
        ),
        warmup: duration('Nothing is measured before the candidate has had traffic for so long.', {
          default: '0s',
        }),
        metrics: list(metric, {
          minItems: 1,
          maxItems: 16,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        }),
      },
      { required: ['provider', 'metrics'] },
    ),
    progressDeadline: duration(
      'Nothing moving for so long turns the release back. Pauses do not count.',
      { default: '10m' },
    ),
  },
  {
    required: ['selector', 'template', 'services', 'traffic', 'strategy'],
    ...rules(
      rule(
        'self.selector.matchLabels.all(k, k in self.template.metadata.labels && self.template.metadata.labels[k] == self.selector.matchLabels[k])',
        'spec.template.metadata.labels must have all labels of spec.selector.matchLabels',
      ),
      rule(
        'self.strategy.canary.steps.all(s, !has(s.analysis) || (has(self.analysis) && s.analysis.all(n, self.analysis.metrics.exists(m, m.name == n))))',
        'an analysis step names a metric that spec.analysis.metrics does not define',
      ),
      rule(
        'has(self.analysis) ? self.strategy.canary.steps.exists(s, has(s.weight) && s.weight > 0) : true',
        'no step gives the candidate traffic, so that nothing could be measured; add a step with a weight',
      ),
    ),
  },
)

const condition = object(
  {
    type: { type: 'string' },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    observedGeneration: { type: 'integer', format: 'int64' },
    lastTransitionTime: { type: 'string', format: 'date-time' },
    reason: { type: 'string' },
    message: { type: 'string' },
  },
  { required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'] },
)

const status: Schema = {
  type: 'object',
  description: 'What Headgate sees and remembers.',
  ...open,
  properties: {
    observedGeneration: { type: 'integer', format: 'int64' },
    phase: { type: 'string', enum: [...phases] },
    weights: { type: 'string' },
    conditions: list(condition, {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    }),
  },
}

const column = (title: string, type: string, jsonPath: string, more: Schema = {}): Schema => ({
  name: title,
  type,
  jsonPath,
  ...more,
})

/** The CustomResourceDefinition as it is applied. */
export const releaseCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'releases.headgate.dev' },
  spec: {
    group: 'headgate.dev',
    scope: 'Namespaced',
    names: {
      kind: 'Release',
      listKind: 'ReleaseList',
      plural: 'releases',
      singular: 'release',
      shortNames: ['rel'],
      categories: ['headgate'],
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: object(
            {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: releaseSpecSchema,
              status,
            },
            {
              required: ['spec'],
              ...rules(
                rule(
                  'self.metadata.name.size() <= 63',
                  'metadata.name must have at most 63 characters, so that it fits into a label',
                ),
              ),
            },
          ),
        },
        subresources: { status: {} },
        additionalPrinterColumns: [
          column('Desired', 'integer', '.spec.replicas'),
          column('Ready', 'integer', '.status.stable.ready'),
          column('Phase', 'string', '.status.phase'),
          column('Step', 'integer', '.status.step.index'),
          column('Weights', 'string', '.status.weights', {
            description: 'Confirmed, stable first.',
          }),
          column('Reason', 'string', '.status.reason.type'),
          column('Stable', 'string', '.status.stable.revision', { priority: 1 }),
          column('Message', 'string', '.status.reason.message', { priority: 1 }),
          column('Age', 'date', '.metadata.creationTimestamp'),
        ],
      },
    ],
  },
} as const
