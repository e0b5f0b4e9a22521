/**
 * The CustomResourceDefinition of KULTA's Rollout: both versions with one schema, so that nothing is lost between them.
 * It refuses no more than the original did; what cannot be meant is told by the webhook and in status.
 */
import { age, column, definition } from '#core/api/definition.ts'
import { count, list, object, oneOf, type Schema, text } from '#core/api/schema-parts.ts'
import { labels, open, podTemplate } from '#core/api/schema-template.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { versions } from './rollout.ts'
import { statusSchema } from './schema-status.ts'

const service = (what: string): Schema => text(`Service of the ${what}.`, { maxLength: 63 })
const port = count('Port of the Services where Headgate makes them or the route has none.', 1, {
  maximum: 65_535,
  default: 80,
})
const time = (description: string): Schema => text(description, { maxLength: 32 })
const address = object({
  address: text('Base URL of Prometheus, such as http://prometheus:9090.', { maxLength: 2048 }),
})
const query = (what: string): Schema => text(what, { maxLength: 4096 })

const trafficRouting = object({
  gatewayAPI: object(
    { httpRoute: text('An HTTPRoute of this namespace.', { maxLength: 253 }) },
    { required: ['httpRoute'] },
  ),
})

const metric = object(
  {
    name: text('error-rate (per cent), latency-p95 (milliseconds), or any name with a query.'),
    threshold: { type: 'number', description: 'More than this is bad.' },
    interval: time('Between two samples; 30s by default.'),
    failureThreshold: count('So many bad samples turn the release back.', 1, { default: 1 }),
    minSampleSize: count('Fewer requests than this are not judged.', 0),
    query: query('PromQL of your own; {{rollout}}, {{role}} and {{namespace}} within quotes.'),
  },
  { required: ['name', 'threshold'] },
)

const analysis = object({
  prometheus: address,
  failurePolicy: oneOf(
    ['Pause', 'Continue', 'Rollback'],
    'What to do while metrics cannot be asked for.',
    'Pause',
  ),
  warmupDuration: time('Nothing is judged for so long after a step has begun.'),
  metrics: list(metric, { maxItems: 16 }),
})

const canary = object(
  {
    canaryService: service('canary'),
    stableService: service('stable version'),
    port,
    steps: list(
      object({
        setWeight: count('Per cent of traffic for the canary.', 0, { maximum: 100 }),
        pause: object({ duration: time('Such as 30s; left out, somebody promotes.') }),
      }),
      { maxItems: 50 },
    ),
    trafficRouting,
    analysis,
  },
  { required: ['canaryService', 'stableService'] },
)

const blueGreen = object(
  {
    activeService: service('version that serves'),
    previewService: service('preview'),
    port,
    autoPromotionEnabled: { type: 'boolean', description: 'Promotes by itself.' },
    autoPromotionSeconds: count('So many seconds after the preview is ready.', 0),
    trafficRouting,
    analysis,
  },
  { required: ['activeService', 'previewService'] },
)

const abMetric = object(
  {
    name: text('error-rate, success-rate, or any name with query and totalQuery.'),
    direction: oneOf(['lower', 'higher'], 'Which share is the better one.', undefined),
    minEffectSize: { type: 'number', minimum: 0, description: 'As a part of the share of A.' },
    query: query('PromQL for what is counted, within {{window}}.'),
    totalQuery: query('PromQL for out of how many, within {{window}}.'),
  },
  { required: ['name', 'direction'] },
)

const abTesting = object(
  {
    variantAService: service('control'),
    variantBService: service('other variant'),
    variantBMatch: object({
      header: object(
        {
          name: text('Name of the header.'),
          value: text('Its value, or a pattern of it.', { maxLength: 1024 }),
          type: oneOf(['Exact', 'RegularExpression'], 'How the value is compared.', 'Exact'),
        },
        { required: ['name', 'value'] },
      ),
      cookie: object(
        { name: text('Name of the cookie.'), value: text('Its value.', { maxLength: 1024 }) },
        { required: ['name', 'value'] },
      ),
    }),
    port,
    trafficRouting,
    maxDuration: time('Concluded without a winner after so long, such as 7d.'),
    analysis: object({
      prometheus: address,
      metrics: list(abMetric, { maxItems: 16 }),
      minDuration: time('Nobody wins before.'),
      minSampleSize: count('Requests that each variant needs.', 0, { default: 30 }),
      confidenceLevel: { type: 'number', minimum: 0.5, maximum: 0.9999, default: 0.95 },
      sequential: {
        type: 'boolean',
        default: false,
        description: 'The confidence holds however often is looked; otherwise for one look.',
      },
    }),
  },
  { required: ['variantAService', 'variantBService', 'variantBMatch'] },
)

/** The schema of `spec`. */
const rolloutSpecSchema: Schema = object(
  {
    replicas: count('Pods that serve all traffic.', 0, { default: 1 }),
    selector: object({
      matchLabels: labels('Labels that the template has too.'),
      matchExpressions: list({ type: 'object', ...open }, { maxItems: 16 }),
    }),
    template: podTemplate('A pod template, as in a Deployment.'),
    strategy: object({
      simple: object({ analysis }),
      blueGreen,
      abTesting,
      canary,
    }),
    maxSurge: { 'x-kubernetes-int-or-string': true, default: '25%' },
    maxUnavailable: { 'x-kubernetes-int-or-string': true, default: '0' },
    progressDeadlineSeconds: count('No progress for so long fails it; pauses do not count.', 0, {
      default: 600,
    }),
    advisor: object({
      level: oneOf(
        ['Off', 'Context', 'Advised', 'Planned', 'Driven'],
        'How far it is heard.',
        'Off',
      ),
      endpoint: text('URL that is asked.', { maxLength: 2048 }),
      timeoutSeconds: count('For an answer.', 1, { default: 10 }),
    }),
  },
  { required: ['selector', 'template', 'strategy'] },
)

/**
 * The CustomResourceDefinition as it is applied: both versions with one schema; the webhook, where there is one, is added by
 * who serves it.
 */
export const rolloutCrd = definition(
  kinds.rollout,
  {
    spec: rolloutSpecSchema,
    status: statusSchema,
    columns: [
      column('Desired', 'integer', '.spec.replicas'),
      column('Current', 'integer', '.status.replicas'),
      column('Ready', 'integer', '.status.readyReplicas'),
      column('Phase', 'string', '.status.phase'),
      column('Weight', 'integer', '.status.currentWeight'),
      age,
    ],
  },
  {},
  versions,
)
