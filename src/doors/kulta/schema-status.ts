/** The status of a Rollout: the words that its people know, and beside them what the engine remembers. */
import { list, object, oneOf, type Schema } from '#core/api/schema-parts.ts'
import { open } from '#core/api/schema-template.ts'
import { actions, phases, reasons } from './words.ts'

const whole: Schema = { type: 'integer', format: 'int32' }
const time: Schema = { type: 'string', format: 'date-time' }
const words: Schema = { type: 'string' }

const decision = object(
  {
    timestamp: time,
    action: oneOf(actions, 'What was decided.', undefined),
    fromStep: whole,
    toStep: whole,
    reason: oneOf(reasons, 'Why.', undefined),
    message: words,
    metrics: {
      type: 'object',
      additionalProperties: object({
        value: { type: 'number' },
        threshold: { type: 'number' },
        passed: { type: 'boolean' },
      }),
    },
  },
  { required: ['timestamp', 'action', 'reason'] },
)

const abExperiment = object({
  startedAt: time,
  concludedAt: time,
  sampleSizeA: { type: 'integer', format: 'int64' },
  sampleSizeB: { type: 'integer', format: 'int64' },
  results: list(
    object({
      name: words,
      valueA: { type: 'number' },
      valueB: { type: 'number' },
      confidence: { type: 'number' },
      isSignificant: { type: 'boolean' },
      winner: words,
    }),
  ),
  winner: words,
  conclusionReason: words,
})

export const statusSchema: Schema = {
  type: 'object',
  ...open,
  properties: {
    replicas: whole,
    readyReplicas: whole,
    updatedReplicas: whole,
    currentStepIndex: whole,
    currentWeight: whole,
    phase: oneOf(phases, 'Where it is.', undefined),
    message: words,
    pauseStartTime: time,
    stepStartTime: time,
    progressStartedAt: time,
    decisions: list(decision),
    abExperiment,
    lastDecisionSource: words,
    observedGeneration: { type: 'integer', format: 'int64' },
    conditions: list({ type: 'object', ...open }, { 'x-kubernetes-list-type': 'atomic' }),
    former: { type: 'boolean', description: "ReplicaSets of KULTA's own controller run still." },
    headgate: {
      type: 'object',
      description: 'What Headgate remembers between passes.',
      ...open,
    },
  },
}
