/** Longer words about a release: where it stands in its steps, for how long, and what was measured. */
import type { Metric } from '#core/model/analysis.ts'
import { type Judge, judgedName, type Look } from '#core/model/experiment.ts'
import type { DecisionRecord, MetricState } from '#core/model/notebook.ts'
import type { Counted } from '#core/model/statistics.ts'
import { describeStep } from '#core/steps/describe.ts'
import { formatDuration } from '#core/time.ts'
import type { Entry } from './entry.ts'
import { pauseEndOf, stepNow } from './facts.ts'

/** Since when it is so, and when it goes on by itself, or at least is looked at again. */
export function timing(entry: Entry, now: number): readonly string[] {
  const { book } = entry
  if (book === undefined || book.trials.length === 0) return []
  const { since, next } = book.reason
  const end = pauseEndOf(entry)
  const ahead = seconds((end ?? next ?? now) - now)
  const what = end === undefined ? 'looked at again' : 'goes on'
  const then = ahead === 0 ? '' : `; ${what} in ${formatDuration(ahead)}`
  return [`  for ${formatDuration(seconds(now - since))}${then}`]
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

/**
 * What the judge of an experiment saw last: `10 % (120 of 1200), stable 8 % (96 of 1200); effect +25 %, confidence 91.5 %
 * (95 % needed)`; without counts, why there are none.
 */
export function lookDetail(look: Look, judge: Judge | undefined): string {
  const { candidate, stable, effect, confidence, message } = look
  if (candidate === undefined || stable === undefined) return message ?? 'nothing counted yet'
  const found = [
    ...(effect === undefined ? [] : [`effect ${effect > 0 ? '+' : ''}${share(effect)}`]),
    ...(confidence === undefined ? [] : [`confidence ${share(confidence)}${needed(judge)}`]),
  ].join(', ')
  const counts = `${rate(candidate)}, stable ${rate(stable)}`
  return [
    counts,
    ...(found === '' ? [] : [found]),
    ...(message === undefined ? [] : [message]),
  ].join('; ')
}

function rate({ hits, of }: Counted): string {
  return `${of === 0 ? '- ' : `${share(hits / of)} `}(${hits} of ${of})`
}

function share(of: number): string {
  return `${Number((of * 100).toPrecision(3))} %`
}

function needed(judge: Judge | undefined): string {
  return judge === undefined ? '' : ` (${share(judge.options.confidence)} needed)`
}

export type JudgedLook = {
  readonly look: Look
  /** Undefined where it is gone from the plan. */
  readonly judge: Judge | undefined
  /** What it counts, as people named it. */
  readonly metric: string
}

/** By candidate and metric. */
export function looksOf({ app, book }: Entry): readonly JudgedLook[] {
  const judges = app?.plan.experiment?.judges ?? []
  return (book?.looks ?? []).map((look) => ({
    look,
    judge: judges.find(({ metric }) => metric.name === look.metric),
    metric: judgedName(look.metric),
  }))
}
