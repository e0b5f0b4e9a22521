/** The pause step: waits for a time, or for somebody to promote. */
import type { Step } from '../model/app.ts'
import type { Trial } from '../model/notebook.ts'
import { waitingFor } from '../move/waiting.ts'
import type { Pass } from '../pass.ts'
import { formatDuration, type Instant } from '../time.ts'
import type { Outcome } from './step.ts'

export function pauseOutcome(
  step: Extract<Step, { kind: 'pause' }>,
  { now }: Pass,
  trial: Trial,
): Outcome {
  if (step.durationMs === undefined) {
    return waitingFor('WaitingForApproval', `step ${trial.step + 1} waits until somebody promotes`)
  }
  const endsAt = pauseEnd(step.durationMs, trial)
  if (now >= endsAt) return undefined
  const message = `step ${trial.step + 1} waits for ${formatDuration(step.durationMs)}`
  return waitingFor('WaitingForPause', message, undefined, endsAt)
}

/** When a pause of so many milliseconds ends by itself. */
export function pauseEnd(durationMs: number, { stepStartedAt }: Trial): Instant {
  return stepStartedAt + durationMs
}
