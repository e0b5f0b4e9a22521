/**
 * The CustomResourceDefinition of Release. Kept small on purpose: the size of a CRD's schema is the API server's time on
 * every write. Pod templates are not spelt out; the workload they become is checked by the server.
 */
import { kinds } from '../k8s/kinds.ts'
import { verbs } from '../model/app.ts'
import { phases } from '../model/notebook.ts'
import { routerNames } from '../traffic/register.ts'
import { age, column, conditions, definition } from './definition.ts'
import { extrasSchema } from './extras.ts'
import { analysisSchema } from './schema-analysis.ts'
import {
  count,
  duration,
  list,
  name,
  object,
  oneOf,
  rule,
  rules,
  type Schema,
  texts,
} from './schema-parts.ts'
import { labels, open, podTemplate } from './schema-template.ts'
import { strategyRules, strategySchema } from './strategy/register.ts'
import { workloadsSchema } from './workloads.ts'

const madeService = object(
  {
    labels: texts('Labels; {release}, {service}, {role} and {revision} are put in.', 63),
    selector: texts('What it selects, with the same; left out, what tells revisions apart.', 63),
    ports: list(
      object(
        {
          name: name('Name of the port.'),
          port: count('Port of the Service.', 1, { maximum: 65_535 }),
          targetPort: { 'x-kubernetes-int-or-string': true, description: 'Port of the pods.' },
          protocol: oneOf(['TCP', 'UDP', 'SCTP'], 'Protocol.', 'TCP'),
        },
        { required: ['port'] },
      ),
      { minItems: 1, maxItems: 16, description: 'Left out, those that the route uses.' },
    ),
  },
  { description: 'How Services look that are not there yet.' },
)

/** The schema of `spec` alone. */
export const releaseSpecSchema = object(
  {
    replicas: count('Pods that serve all traffic; left out, 1, or as many as workloadRef has.', 0),
    workloadRef: object(
      {
        kind: oneOf(['Deployment'], 'Kind of the workload.', 'Deployment'),
        name: name('Name of the workload.'),
      },
      {
        required: ['name'],
        description:
          'Takes selector and template from an existing Deployment, and over its traffic.',
      },
    ),
    selector: object(
      { matchLabels: labels('Labels that the template has too.') },
      {
        required: ['matchLabels'],
        ...rules(rule('self == oldSelf', 'the selector cannot change; make a new Release')),
      },
    ),
    template: podTemplate('A pod template, as in a Deployment.'),
    revision: name('Name of the revision of the template; left out, its hash.'),
    workloads: workloadsSchema,
    services: object(
      {
        stable: name('Service of the stable revision.'),
        candidate: name('Service of the revision on trial, where there is one candidate.'),
        candidates: {
          type: 'object',
          maxProperties: 16,
          additionalProperties: name('Its Service.'),
          description: 'Services by candidate, where there may be several.',
        },
        make: madeService,
      },
      {
        required: ['stable'],
        description: 'Existing Services, or names for new ones. Left out, RELEASE-CANDIDATE.',
        ...rules(
          rule(
            'has(self.candidate) ? self.stable != self.candidate : true',
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
        route: name('The routing object whose weights are moved; none for plain Services.'),
        optional: {
          type: 'boolean',
          description: 'As long as there is no such object, the release goes by its pods alone.',
        },
        names: {
          type: 'object',
          maxProperties: 16,
          additionalProperties: name('Its routing object.'),
          description: 'Routing objects by candidate, where the router needs one for each.',
        },
        settle: duration(
          'How long the gateway may follow behind its own word; by default what its kind needs.',
        ),
        drain: duration(
          'How long it may follow behind at worst: what the route has left goes after that. By default settle where that is given, else what its kind needs.',
        ),
        extras: extrasSchema,
      },
      rules(
        rule(
          "has(self.route) || self.router == 'service' || self.router == 'none'",
          'name the routing object in route',
        ),
      ),
    ),
    strategy: strategySchema,
    analysis: analysisSchema,
    progressDeadline: duration(
      'Nothing moving for so long turns the release back. Pauses do not count.',
      { default: '10m' },
    ),
    actions: object(
      {
        allow: list(
          { type: 'string', enum: [...verbs] },
          { maxItems: verbs.length, 'x-kubernetes-list-type': 'set' },
        ),
        instead: name('Who commands this release instead of people, as they are told.'),
      },
      { required: ['allow'], description: 'Which commands people may give; left out, all.' },
    ),
  },
  {
    required: ['services', 'traffic', 'strategy'],
    ...rules(
      rule(
        'has(self.workloadRef) ? !has(self.template) && !has(self.selector) : has(self.template) && has(self.selector)',
        'write selector and template, or workloadRef instead of both',
      ),
      rule(
        '!has(self.selector) || !has(self.template) || self.selector.matchLabels.all(k, k in self.template.metadata.labels && self.template.metadata.labels[k] == self.selector.matchLabels[k])',
        'spec.template.metadata.labels must have all labels of spec.selector.matchLabels',
      ),
      ...strategyRules,
    ),
  },
)

const status: Schema = {
  type: 'object',
  description: 'What Headgate sees and remembers.',
  ...open,
  properties: {
    observedGeneration: { type: 'integer', format: 'int64' },
    phase: { type: 'string', enum: [...phases] },
    weights: { type: 'string' },
    replicas: { type: 'integer', format: 'int32' },
    selector: { type: 'string' },
    conditions,
  },
}

/** The CustomResourceDefinition as it is applied. */
export const releaseCrd = definition(
  kinds.release,
  {
    spec: releaseSpecSchema,
    status,
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
    columns: [
      column('Phase', 'string', '.status.phase'),
      column('Step', 'string', '.status.step.text', {
        description: 'The present one and how many there are.',
      }),
      column('Weights', 'string', '.status.weights', {
        description: 'Confirmed, stable first.',
      }),
      column('Desired', 'integer', '.spec.replicas'),
      column('Ready', 'integer', '.status.stable.ready'),
      column('Reason', 'string', '.status.reason.type'),
      age,
      column('Stable', 'string', '.status.stable.image', { priority: 1 }),
      column('Candidate', 'string', '.status.candidates[0].image', { priority: 1 }),
      column('Message', 'string', '.status.reason.message', { priority: 1 }),
    ],
    more: {
      required: ['spec'],
      ...rules(
        rule(
          'self.metadata.name.size() <= 63',
          'metadata.name must have at most 63 characters, so that it fits into a label',
        ),
      ),
    },
  },
  { shortNames: ['rel'], categories: ['headgate'] },
)
