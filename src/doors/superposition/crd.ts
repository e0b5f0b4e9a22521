/** The CustomResourceDefinition of the records. */
import { age, column, conditions, definition } from '#core/api/definition.ts'
import { list, object, oneOf, type Schema, text } from '#core/api/schema-parts.ts'
import { states } from './event.ts'
import { experimentKind, phases } from './experiment.ts'

const anything: Schema = {
  type: 'object',
  description: 'Dimensions and their values.',
  'x-kubernetes-preserve-unknown-fields': true,
}

const variant = object(
  {
    id: text('As Superposition says it.', { maxLength: 1024 }),
    name: text('In the names of objects.', { maxLength: 63 }),
    type: { type: 'string', enum: ['CONTROL', 'EXPERIMENTAL'] },
  },
  { required: ['id', 'name', 'type'] },
)

const spec = object(
  {
    organisation: text('Organisation in Superposition.', { maxLength: 1024 }),
    workspace: text('Workspace in Superposition.', { maxLength: 1024 }),
    service: text('The workspace in the names of objects.', { maxLength: 63 }),
    experiment: text('Id of the experiment.', { maxLength: 1024 }),
    name: text('Its name.', { maxLength: 1024 }),
    context: anything,
    namespaceAssumed: { type: 'boolean', description: 'Nobody said the namespace yet.' },
    state: oneOf(states, 'What Superposition said last.', undefined),
    trafficPercentage: {
      type: 'integer',
      minimum: 0,
      maximum: 100,
      description: 'Share of each variant.',
    },
    variants: list(variant, { maxItems: 16 }),
    chosenVariant: text('Id of the winner.', { maxLength: 1024 }),
    started: { type: 'boolean', description: 'It was under way once.' },
    configVersion: text('Of the configuration at the last event that named one.', {
      maxLength: 1024,
    }),
    createdAt: text('When the experiment was created.', { maxLength: 1024 }),
    lastModified: text('Nothing older than this changes anything.', { maxLength: 64 }),
    event: object(
      {
        name: text('The last event.'),
        time: text('When it was sent.', { maxLength: 64 }),
        receivedAt: text('When it was received.', { maxLength: 64 }),
      },
      { required: ['name', 'receivedAt'] },
    ),
  },
  {
    required: [
      ...['organisation', 'workspace', 'service', 'context', 'state', 'trafficPercentage'],
      ...['variants', 'started', 'lastModified', 'event'],
    ],
  },
)

const status = object({
  observedGeneration: { type: 'integer', format: 'int64' },
  phase: { type: 'string', enum: [...phases] },
  message: { type: 'string' },
  release: { type: 'string' },
  weights: { type: 'string' },
  variants: { type: 'string' },
  outcome: { type: 'string', enum: ['experimentalWon', 'controlWon', 'discarded'] },
  error: { type: 'string' },
  conditions,
})

/** As it is applied. */
export const experimentCrd = definition(
  experimentKind,
  {
    spec,
    status,
    columns: [
      column('Experiment', 'string', '.spec.experiment'),
      column('Status', 'string', '.spec.state'),
      column('Phase', 'string', '.status.phase'),
      column('Service', 'string', '.spec.service', { priority: 1 }),
      column('Variants', 'string', '.status.variants'),
      column('Weights', 'string', '.status.weights'),
      column('Event', 'string', '.spec.event.name'),
      column('Error', 'string', '.status.error'),
      age,
    ],
  },
  { categories: ['headgate'] },
)
