/** What whoever promotes a candidate of an experiment should know: how far it has been compared. */
import { isVariant } from '#core/experiment/conclusion.ts'
import { isJudged } from '#core/experiment/looks.ts'
import type { Action } from '#core/model/app.ts'
import type { Observed } from '#core/observed.ts'
import { comparedSoFar } from '#core/steps/judge.ts'
import { formatDuration } from '#core/time.ts'

/** Sentences; none where nothing is compared by numbers, or it is over. */
export function unproven(
  { app, notebook: book }: Pick<Observed, 'app' | 'notebook'>,
  { verb, revision, candidate }: Pick<Action, 'verb' | 'revision' | 'candidate'>,
  now: number,
): readonly string[] {
  const { experiment } = app.plan
  if (verb !== 'promote' && verb !== 'promote-full') return []
  if (experiment === undefined || experiment.judges.length === 0) return []
  if (book === undefined || book.concluded !== undefined) return []
  const trial = book.trials.find((one) =>
    candidate === undefined ? one.revision === revision : one.role === candidate,
  )
  if (trial?.stage.kind !== 'steps' || !isVariant(app, trial.role)) return []
  const looks = book.looks.filter((look) => look.revision === trial.revision)
  const compared = `nobody has won so far: ${comparedSoFar({ looks }, trial)}`
  const { minDurationMs } = experiment
  const rest = isJudged(app, trial) ? trial.stepStartedAt + minDurationMs - now : minDurationMs
  if (rest <= 0) return [compared]
  const [least, left] = [minDurationMs, wholeSeconds(rest)].map(formatDuration)
  return [compared, `its least duration of ${least} is not over: ${left} are left`]
}

function wholeSeconds(durationMs: number): number {
  return Math.ceil(durationMs / 1000) * 1000
}
