/** Which measurements are due, and what those that came back add up to. */
import type { MeasureAsk } from '../decision.ts'
import { metricProviders } from '../metrics/register.ts'
import type { Analysis, App, Metric } from '../model/app.ts'
import type { AnalysisState, MetricState, Trial } from '../model/notebook.ts'
import type { MetricAnswer } from '../observed.ts'
import type { Instant } from '../time.ts'
import { addSample, emptyMetric, metricState, sampleOf } from './judge.ts'

/**
 * Takes in the answers that belong to this trial. Answers and counts of another revision, or of an earlier trial of
 * this one, say nothing about it. Of several known states the one that counted most goes on, so that counts never fall.
 */
export function takeAnswers(
  analysis: Analysis,
  trial: Trial,
  known: readonly (AnalysisState | undefined)[],
  answers: readonly MetricAnswer[],
): AnalysisState {
  const { revision, trafficSince = Infinity } = trial
  const provider = metricProviders[analysis.provider.kind]
  const metrics = analysis.metrics.map((metric) =>
    answers
      .filter((answer) => answer.revision === revision && answer.metric === metric.name)
      .filter(({ at }) => at >= trafficSince)
      .toSorted((one, other) => one.at - other.at)
      .reduce(
        (state, { answer, at }) =>
          addSample(metric, state, sampleOf(metric, provider.read(answer), at)),
        furthest(trial, known, metric.name),
      ),
  )
  return { revision, metrics }
}

function furthest(
  { revision, trafficSince = Infinity }: Trial,
  known: readonly (AnalysisState | undefined)[],
  name: string,
): MetricState {
  return known
    .flatMap((state) => (state?.revision === revision ? metricState(state, name) : []))
    .filter(({ samples }) => samples.every(({ at }) => at >= trafficSince))
    .reduce((one, other) => (total(other) > total(one) ? other : one), emptyMetric(name))
}

function total({ good, bad, missing, errors }: MetricState): number {
  return good + bad + missing + errors
}

export type Schedule = { readonly asks: readonly MeasureAsk[]; readonly next: Instant | undefined }

/** What to ask now, and when the next question is due. Nothing before the candidate has had traffic and warmed up. */
export function schedule(app: App, trial: Trial, state: AnalysisState, now: Instant): Schedule {
  const { analysis } = app
  const since = trial.trafficSince
  if (analysis === undefined || since === undefined) return { asks: [], next: undefined }
  const asks: MeasureAsk[] = []
  let next: Instant | undefined
  for (const metric of analysis.metrics) {
    const dueAt = dueOf(analysis, metric, state, since)
    if (dueAt <= now) asks.push(askOf(app, analysis, metric, trial, dueAt, now))
    else next = Math.min(next ?? dueAt, dueAt)
  }
  return { asks, next }
}

function dueOf(analysis: Analysis, metric: Metric, state: AnalysisState, since: Instant): Instant {
  const last = metricState(state, metric.name).samples.at(-1)?.at
  const first = since + analysis.warmupMs + metric.intervalMs
  return last === undefined ? first : Math.max(first, last + metric.intervalMs)
}

function askOf(
  app: App,
  analysis: Analysis,
  metric: Metric,
  trial: Trial,
  dueAt: Instant,
  now: Instant,
): MeasureAsk {
  // A question that is late, because nobody was there to ask it, looks at now: the past is not asked again.
  const at = now - dueAt > metric.intervalMs ? now : dueAt
  const life = at - (trial.trafficSince ?? at)
  const ask = metricProviders[analysis.provider.kind].ask(analysis.provider.address, {
    metric,
    labels: { namespace: app.namespace, rollout: app.name, revision: trial.revision },
    windowMs: Math.min(metric.windowMs, life),
    at,
  })
  return {
    id: `${trial.revision}/${metric.name}/${dueAt}`,
    metric: metric.name,
    revision: trial.revision,
    at,
    ask,
  }
}
