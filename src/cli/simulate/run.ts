/** A policy against a history: the engine itself decides, in virtual time, on what the metrics would have said. */

import { sampleOf } from '#core/analysis/judge.ts'
import { readingsOf } from '#core/analysis/schedule.ts'
import type { MeasureAsk } from '#core/decision.ts'
import { type Forecast, forecast } from '#core/forecast/forecast.ts'
import { goodAnswer } from '#core/forecast/good-answers.ts'
import type { HttpAnswer } from '#core/http-ask.ts'
import type { Metric } from '#core/model/analysis.ts'
import type { App } from '#core/model/app.ts'
import type { Sample } from '#core/model/notebook.ts'
import type { MetricAnswer, Observed } from '#core/observed.ts'
import type { Instant } from '#core/time.ts'
import type { Said, Series } from './series.ts'

/** By metric; `METRIC@stable` is what it said of the stable revision, for comparisons. */
export type Histories = ReadonlyMap<string, Series>

export type Outcome = 'promoted' | 'rolledBack' | 'held'

export type Simulated = {
  readonly outcome: Outcome
  readonly afterMs: number
  readonly forecast: Forecast
  readonly samples: readonly SampleSeen[]
}

/** One sample as the judge saw it. */
export type SampleSeen = {
  readonly afterMs: number
  readonly metric: string
  readonly role: string
} & Pick<Sample, 'verdict' | 'value' | 'message'>

/** Where no history is given for a metric, all is well with it. */
export function simulate(
  start: Observed,
  now: Instant,
  { histories, seed }: { readonly histories: Histories; readonly seed: number },
): Simulated {
  const samples: SampleSeen[] = []
  const seen = forecast(start, now, (app, asked, at) => {
    const answer = answered(app, asked, { start: now, now: at, histories, seed })
    const sample = judged(app, asked, answer)
    if (sample !== undefined)
      samples.push({ afterMs: asked.at - now, metric: asked.metric, role: asked.role, ...sample })
    return answer
  })
  return { outcome: outcomeOf(seen), afterMs: seen.durationMs, forecast: seen, samples }
}

function outcomeOf({ end }: Forecast): Outcome {
  if (end.phase === 'Completed') return 'promoted'
  return end.phase === 'Failed' ? 'rolledBack' : 'held'
}

type Moment = {
  readonly start: Instant
  readonly now: Instant
  readonly histories: Histories
  readonly seed: number
}

function answered(app: App, asked: MeasureAsk, moment: Moment): MetricAnswer {
  const good = goodAnswer(app, asked, moment.now)
  const own = said(asked, asked.metric, moment)
  const stable = said(asked, `${asked.metric}@stable`, moment)
  const metric = metricOf(app, asked)
  const companions =
    stable === undefined || good.companions?.stable === undefined
      ? good.companions
      : { ...good.companions, stable: answerOf(stable, asked.at, metric) }
  return {
    ...good,
    ...(own === undefined ? {} : { answer: answerOf(own, asked.at, metric) }),
    ...(companions === undefined ? {} : { companions }),
  }
}

function said(
  { at }: MeasureAsk,
  name: string,
  { histories, start, seed }: Moment,
): Said | undefined {
  return histories.get(name)?.(at - start, `${seed} ${name}`)
}

function metricOf(app: App, { metric }: MeasureAsk): Metric | undefined {
  return app.analysis?.metrics.find(({ name }) => name === metric)
}

/** In the words of Prometheus, so that its answer is read by the very reader that reads it otherwise. */
function answerOf(value: Said, at: Instant, metric: Metric | undefined): HttpAnswer {
  if (value === 'error') return { kind: 'failed', message: 'the provider does not answer' }
  const point = [at / 1000, String(value)]
  const isRange = metric?.range !== undefined
  const series = isRange ? { metric: {}, values: [point] } : { metric: {}, value: point }
  const data = {
    resultType: isRange ? 'matrix' : 'vector',
    result: value === 'none' ? [] : [series],
  }
  return { kind: 'answer', status: 200, body: JSON.stringify({ status: 'success', data }) }
}

function judged(app: App, asked: MeasureAsk, answer: MetricAnswer): Sample | undefined {
  const metric = metricOf(app, asked)
  if (app.analysis === undefined || metric === undefined) return undefined
  return sampleOf(metric, readingsOf(app.analysis, metric, answer), asked.at)
}
