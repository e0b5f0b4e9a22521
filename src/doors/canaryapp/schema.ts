/** The CustomResourceDefinition of CanaryApp: the original's fields as they were, and optional ones of ours. */

import { age, column, conditions, definition } from '#core/api/definition.ts'
import { list, object, type Schema } from '#core/api/schema-parts.ts'
import { open } from '#core/api/schema-template.ts'
import { kinds } from '#core/k8s/kinds.ts'

const whole = (description: string, more: Schema = {}): Schema => ({
  type: 'integer',
  format: 'int32',
  description,
  ...more,
})
const text = (description: string, maxLength: number, more: Schema = {}): Schema => ({
  type: 'string',
  maxLength,
  description,
  ...more,
})
const yes = (description: string, more: Schema = {}): Schema => ({
  type: 'boolean',
  description,
  ...more,
})
const time = (description: string): Schema => ({ type: 'string', format: 'date-time', description })

const original = {
  image: { type: 'string', description: 'The image to run.' },
  imageListenPort: whole('The port on which the image listens, and that of the Service.', {
    minimum: 1,
  }),
  replicas: whole('Pods of the primary Deployment.', { minimum: 1 }),
  testReplicas: whole('Pods of the secondary Deployment during a test.', { minimum: 1 }),
  prometheusQuery: {
    type: 'string',
    description:
      'Asked at every interval of a test: any series in its answer means that the new image is bad. Empty asks nobody. May hold "{{subset}}", "{{deployment}}", "{{namespace}}" within quotes.',
  },
  prometheusURL: { type: 'string', description: 'Whom to ask.' },
  failWhenPrometheusFails: yes('Whether a query that cannot be answered counts as a failure.', {
    default: true,
  }),
  trafficShiftUpdateInterval: whole('Seconds from one shift of traffic to the next.', {
    default: 30,
  }),
  deploymentReadyWaitTime: whole(
    'Seconds that pods of a test are left alone once they are ready.',
    {
      default: 20,
    },
  ),
} as const

const added = {
  deploymentReadyTimeout: whole(
    'Seconds without progress after which a test is a failed one. Left out, 600.',
    { minimum: 1 },
  ),
  trafficShiftStep: whole('Per cent by which traffic is shifted. Left out, 10.', {
    minimum: 1,
    maximum: 100,
  }),
  trafficShiftLimit: whole('Per cent from which the image is promoted. Left out, 50.', {
    minimum: 1,
    maximum: 100,
  }),
  trafficSettleTime: whole(
    'Seconds in which proxies follow a shift of traffic and a change of endpoints. Left out, 2 before the next shift, and 12 before pods go: Istio gathers changes for up to 10 where they never end.',
    { minimum: 0, maximum: 600 },
  ),
  prometheusScrapeInterval: whole(
    'Seconds between two scrapes: the first question comes no earlier after the first shift. Left out, 15.',
    { minimum: 0 },
  ),
  prometheusSecret: text('Name of a Secret with credentials for Prometheus.', 253),
  prometheusCABundle: text('Certificates (PEM) to trust when Prometheus is asked.', 65_536),
  hosts: list(text('A host.', 253, { minLength: 1 }), {
    minItems: 1,
    maxItems: 16,
    description: 'Under which hosts the app is reached through its Gateway. Left out, any.',
  }),
  template: object(
    {
      metadata: object({}, open),
      spec: object(
        {
          containers: list(
            object(
              { name: text('Its name.', 63, { minLength: 1 }) },
              { required: ['name'], ...open },
            ),
            { maxItems: 16 },
          ),
        },
        open,
      ),
    },
    {
      description:
        'What pods have beyond image and port. The container that has the name of the CanaryApp runs the image.',
    },
  ),
} as const

const status: Schema = {
  type: 'object',
  description: 'What is seen and remembered.',
  ...open,
  required: ['lastFailedTag', 'successfulRelease', 'testRunning', 'trafficShift'],
  properties: {
    successfulRelease: yes('Whether the newest image that was decided on was taken.'),
    testRunning: yes('Whether an image is on trial.', { default: false }),
    trafficShift: whole('Per cent of the traffic that the image on trial has.', { default: 0 }),
    lastFailedTag: {
      type: 'string',
      default: '',
      description: 'The image that failed last; it is not tested again.',
    },
    lastTrafficShift: time('When traffic was shifted last.'),
    lastFailedImage: { type: 'string', description: 'The same as lastFailedTag.' },
    failedImages: list(
      object(
        {
          image: { type: 'string' },
          at: { type: 'string', format: 'date-time' },
          reason: { type: 'string' },
          message: { type: 'string' },
        },
        { required: ['image', 'at'] },
      ),
      { description: 'Images that are not tested again, newest last.' },
    ),
    primaryImage: { type: 'string', description: 'The image that users trust.' },
    testedImage: { type: 'string', description: 'The image on trial.' },
    observedGeneration: { type: 'integer', format: 'int64' },
    phase: { type: 'string' },
    reason: { type: 'string' },
    message: { type: 'string' },
    readyReplicas: whole('Ready pods of the primary Deployment.'),
    conditions,
    images: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Images by revision.',
    },
    headgate: { type: 'object', ...open, description: 'Where the release stands, in full.' },
  },
}

export const specSchema: Schema = object(
  { ...original, ...added },
  {
    description: 'What is asked for.',
    required: [
      'image',
      'imageListenPort',
      'prometheusQuery',
      'prometheusURL',
      'replicas',
      'testReplicas',
    ],
  },
)

/** The CustomResourceDefinition as it is applied. */
export const canaryAppCrd = definition(
  kinds.canaryApp,
  {
    spec: specSchema,
    status,
    columns: [
      column('Image', 'string', '.status.primaryImage'),
      column('Ready', 'integer', '.status.readyReplicas'),
      column('Testing', 'string', '.status.testedImage'),
      column('Shift', 'integer', '.status.trafficShift'),
      column('Phase', 'string', '.status.phase'),
      column('Reason', 'string', '.status.reason'),
      column('Failed', 'string', '.status.lastFailedTag', { priority: 1 }),
      column('Message', 'string', '.status.message', { priority: 1 }),
      age,
    ],
    more: { description: 'An app whose new images are tested by a little traffic first.' },
  },
  { categories: ['headgate'] },
)
