/** The pause step: waits for a time, or for somebody to promote. */
import type { Step } from '../model/app.ts'
import type { Trial } from '../model/notebook.ts'
import { waitingFor } from '../move/waiting.ts'
import type { Pass } from '../pass.ts'
import { formatDuration, type Instant } from '../time.ts'
import type { Outcome } from './step.ts'

type PauseStep = Extract<Step, { kind: 'pause' }>

export function pauseOutcome(step: PauseStep, { now }: Pass, trial: Trial): Outcome {
  const endsAt = pauseEnd(step, trial)
  if (step.durationMs === undefined || endsAt === undefined) {
    return waitingFor('WaitingForApproval', `step ${trial.step + 1} waits until somebody promotes`)
  }
  if (now >= endsAt) return undefined
  const message = `step ${trial.step + 1} waits for ${formatDuration(step.durationMs)}`
  return waitingFor('WaitingForPause', message, undefined, endsAt)
}

/** When it ends by itself; undefined where somebody has to end it. */
export function pauseEnd({ durationMs }: PauseStep, { stepStartedAt }: Trial): Instant | undefined {
  return durationMs === undefined ? undefined : stepStartedAt + durationMs
}
