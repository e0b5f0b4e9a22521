/** What a world in which all is well answers: metrics within their limits, healthy pods, a webhook that says pass. */
import type { Companions, GateAsk, MeasureAsk } from '../decision.ts'
import type { HttpAnswer } from '../http-ask.ts'
import type { Metric } from '../model/analysis.ts'
import type { App } from '../model/app.ts'
import type { Judge } from '../model/experiment.ts'
import type { GateAnswer, MetricAnswer } from '../observed.ts'
import type { Instant } from '../time.ts'

/** So many requests stand behind each sample that none is too few. */
const plenty = 1_000_000

export function goodAnswer(app: App, question: MeasureAsk, now: Instant): MetricAnswer {
  const { id, role, metric: name, revision, at, companions } = question
  const judge = app.plan.experiment?.judges.find((one) => one.metric.name === name)
  const metric = judge?.metric ?? app.analysis?.metrics.find((one) => one.name === name)
  const { value, stable } = judge === undefined ? goodValues(metric) : clearWin(judge)
  const answers: Companions<HttpAnswer> = {
    ...(companions?.count === undefined ? {} : { count: series(plenty, at, false) }),
    ...(companions?.stable === undefined
      ? {}
      : { stable: series(stable, at, metric?.range !== undefined) }),
    ...(companions?.stableCount === undefined ? {} : { stableCount: series(plenty, at, false) }),
  }
  const range = metric?.range !== undefined
  const answer =
    metric?.counts === 'series' ? listOf(Math.ceil(value), at, range) : series(value, at, range)
  const given = { id, role, metric: name, revision, at, returnedAt: now, answer }
  return companions === undefined ? given : { ...given, companions: answers }
}

/** A value that is good by all that the metric says. */
function goodValues(metric: Metric | undefined): { value: number; stable: number } {
  const { min, max, compare } = metric ?? {}
  const least = min ?? (max === undefined ? 0 : Math.min(0, max))
  const value = max === undefined ? least : (least + max) / 2
  return { value: min === undefined ? least : value, stable: compare === 'ratio' ? 1 : 0 }
}

/** What is compared is clearly better than stable. */
function clearWin({ gives, options }: Judge): { value: number; stable: number } {
  const [less, more] = gives === 'percent' ? [40, 60] : [0.4 * plenty, 0.6 * plenty]
  return options.direction === 'higher'
    ? { value: more, stable: less }
    : { value: less, stable: more }
}

function series(value: number, at: Instant, range: boolean): HttpAnswer {
  return listOf(1, at, range, value)
}

/** So many series. */
export function listOf(count: number, at: Instant, range: boolean, value = 1): HttpAnswer {
  const point = [at / 1000, String(value)]
  const one = range ? { metric: {}, values: [point] } : { metric: {}, value: point }
  const result = Array.from({ length: count }, () => one)
  const resultType = range ? 'matrix' : 'vector'
  const body = JSON.stringify({ status: 'success', data: { resultType, result } })
  return { kind: 'answer', status: 200, body }
}

export function goodReply({ ask: _ask, ...question }: GateAsk, now: Instant): GateAnswer {
  const body = '{"verdict":"pass","healthy":true}'
  return { ...question, returnedAt: now, answer: { kind: 'answer', status: 200, body } }
}
