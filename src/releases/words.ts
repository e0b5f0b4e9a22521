/** Longer words about a release: where it stands in its steps, for how long, and what was measured. */
import type { Metric } from '#core/model/analysis.ts'
import type { DecisionRecord, MetricState } from '#core/model/notebook.ts'
import { describeStep } from '#core/steps/describe.ts'
import { formatDuration } from '#core/time.ts'
import type { Entry } from './entry.ts'
import { stepNow } from './facts.ts'

/** Since when it is so, and when it is looked at again by itself. */
export function timing({ book }: Entry, now: number): readonly string[] {
  if (book === undefined || book.trials.length === 0) return []
  const { since, next } = book.reason
  const ahead = next === undefined ? 0 : seconds(next - now)
  const again = ahead === 0 ? '' : `; looked at again in ${formatDuration(ahead)}`
  return [`  for ${formatDuration(seconds(now - since))}${again}`]
}

function seconds(ms: number): number {
  return Math.max(0, Math.round(ms / 1000)) * 1000
}

/** The step that a decision was about, from 1; none where all of them were done. */
export function stepOfRecord({ action, step }: DecisionRecord): number | undefined {
  return step === undefined || action === 'Complete' ? undefined : step + 1
}

/** `step 2 of 4: pause 5m`. */
export function stepDetail(entry: Entry): string {
  const trial = entry.book?.trials[0]
  const now = stepNow(entry, trial)
  if (trial === undefined || now === undefined) return ''
  if (trial.stage.kind !== 'steps') return trial.stage.kind
  const words = now.step === undefined ? '' : `: ${describeStep(now.step)}`
  return `step ${Math.min(now.index + 1, now.of)} of ${now.of}${words}`
}

/**
 * `3 good in all (5 needed), 1 bad (2 turn it back); last 0.4, at most 5`. A step counts for itself, since it began: its
 * reason says so.
 */
export function verdictDetail(state: MetricState, metric: Metric | undefined): string {
  const { good, bad, missing, errors, samples } = state
  const counts = [
    `${good} good in all${metric === undefined ? '' : ` (${metric.count} needed)`}`,
    `${bad} bad${metric === undefined ? '' : ` (${metric.failures} ${metric.failures === 1 ? 'turns' : 'turn'} it back)`}`,
    ...(missing === 0 ? [] : [`${missing} without data`]),
    ...(errors === 0 ? [] : [`${errors} ${errors === 1 ? 'error' : 'errors'}`]),
  ].join(', ')
  const last = samples.at(-1)
  if (last === undefined) return counts
  const value =
    last.value === undefined
      ? (last.message ?? last.verdict)
      : String(Number(last.value.toPrecision(4)))
  return last.value === undefined
    ? `${counts}; last: ${value}`
    : `${counts}; last ${value}${limits(metric)}`
}

function limits(metric: Metric | undefined): string {
  const { max, min } = metric ?? {}
  const least = min === undefined ? '' : `, at least ${min}`
  return `${least}${max === undefined ? '' : `, at most ${max}`}`
}
