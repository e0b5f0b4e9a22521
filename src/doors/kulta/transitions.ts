/** What one of the engine's transitions is to KULTA's people: which event, in which phase, at which step. */
import { Notes } from '#core/api/notes.ts'
import type { App } from '#core/model/app.ts'
import type { ReleaseEvent } from '#core/model/event.ts'
import type { ReasonType } from '#core/reasons.ts'
import { countedSteps, finalIndex } from './canary.ts'
import { type Rollout, strategyOf } from './rollout.ts'

/** `told` is the CDEvent that it is, if it is one; `phase` is where the Rollout is from here on. */
export type Transition = {
  readonly told: 'deployed' | 'upgraded' | 'published' | 'rolledback' | 'concluded' | undefined
  readonly phase:
    | 'Progressing'
    | 'Paused'
    | 'Preview'
    | 'Experimenting'
    | 'Concluded'
    | 'Completed'
    | 'Failed'
  /** Of a canary alone. */
  readonly step: StepTold | undefined
}

type StepTold = {
  readonly index: number
  readonly total: number
  readonly traffic_weight: number
}

/** Nothing for what KULTA knows no word for; two for a first version that serves at once. */
export function transitionsOf(
  event: ReleaseEvent,
  rollout: Rollout,
  app: App,
): readonly Transition[] {
  const step = stepAt(rollout, event.step ?? 0)
  const forward = forwardPhase(rollout)
  switch (event.action) {
    case 'Start':
    case 'Retry':
      return [{ told: event.action === 'Start' ? 'deployed' : undefined, phase: forward, step }]
    case 'StepAdvance':
    case 'Promote':
    case 'Approve':
      return advanced(event, rollout)
    case 'Pause':
      return [{ told: undefined, phase: 'Paused', step }]
    case 'Resume':
      return [{ told: undefined, phase: forward, step }]
    case 'Conclude':
      return [{ told: 'concluded', phase: 'Concluded', step: undefined }]
    case 'Complete':
      return completed(event, rollout, app)
    case 'Return':
      return isFailure(event.reason) ? [{ told: 'rolledback', phase: 'Failed', step }] : []
    default:
      return []
  }
}

function forwardPhase({ spec }: Rollout): Transition['phase'] {
  const strategy = strategyOf(spec)
  if (strategy === 'blue-green') return 'Preview'
  return strategy === 'ab-testing' ? 'Experimenting' : 'Progressing'
}

/** A step of the engine's is a part of one of KULTA's; only what enters another one, or its pause, is told. */
function advanced({ step = 0, action }: ReleaseEvent, rollout: Rollout): readonly Transition[] {
  const { canary } = rollout.spec.strategy
  if (strategyOf(rollout.spec) !== 'canary' || canary === undefined) return []
  const counted = countedSteps(canary, new Notes())
  const [done, next] = [counted[step], counted[step + 1]]
  if (next === undefined)
    return action === 'StepAdvance'
      ? []
      : [{ told: undefined, phase: 'Progressing', step: stepAt(rollout, step + 1) }]
  const told = next.of === done?.of ? undefined : 'upgraded'
  const phase = next.step.kind === 'pause' ? 'Paused' : 'Progressing'
  return [{ told, phase, step: stepAt(rollout, step + 1) }]
}

/**
 * The first revision that serves is told as deployed; where it goes through the steps too, its start says so. A revision
 * that is stable already and only comes home completes nothing.
 */
function completed(event: ReleaseEvent, rollout: Rollout, app: App): readonly Transition[] {
  const steps = app.plan.candidates[0]?.steps.length ?? 0
  const step = stepAt(rollout, steps)
  if (event.step === undefined) {
    if (app.plan.firstInstall === 'steps') return []
    return [
      { told: 'deployed', phase: 'Progressing', step },
      { told: 'published', phase: 'Completed', step },
    ]
  }
  if (event.step < steps && steps > 0) return []
  return [{ told: 'published', phase: 'Completed', step }]
}

const forgotten: ReadonlySet<ReasonType> = new Set<ReasonType>([
  'Superseded',
  'ReturnedToStable',
  'Withdrawn',
  'Retiring',
  'ConcludedByHand',
  'MaxDurationReached',
  'DifferenceFound',
])

function isFailure(reason: ReasonType): boolean {
  return !forgotten.has(reason)
}

/** KULTA's step for one of the engine's. */
function stepAt({ spec }: Rollout, step: number): StepTold | undefined {
  const { canary } = spec.strategy
  if (strategyOf(spec) !== 'canary' || canary === undefined) return undefined
  const counted = countedSteps(canary, new Notes())
  const total = canary.steps?.length ?? 0
  const at = counted[step]
  if (at === undefined) return { index: finalIndex(canary), total, traffic_weight: 100 }
  const weights = counted
    .slice(0, step + 1)
    .flatMap((one) => (one.step.kind === 'weight' ? [one.step.weight] : []))
  return { index: at.of, total, traffic_weight: weights.at(-1) ?? 0 }
}
