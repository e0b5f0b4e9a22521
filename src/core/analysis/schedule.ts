/** Which measurements are due, and what those that came back add up to. */
import type { Companions, MeasureAsk } from '../decision.ts'
import type { HttpAnswer, UrlAsk } from '../http-ask.ts'
import type { Question, Reading, Subject } from '../metrics/provider.ts'
import { metricProviders } from '../metrics/register.ts'
import type { Analysis, Metric } from '../model/analysis.ts'
import type { App } from '../model/app.ts'
import type { AnalysisState, MetricState, Trial } from '../model/notebook.ts'
import { stable as stableRole } from '../model/weights.ts'
import type { MetricAnswer } from '../observed.ts'
import type { Instant } from '../time.ts'
import { addSample, emptyMetric, metricState, type Readings, sampleOf } from './judge.ts'

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
  const { role, revision, trafficSince = Infinity } = trial
  const metrics = analysis.metrics.map((metric) =>
    answers
      .filter(
        (answer) =>
          answer.revision === revision && answer.role === role && answer.metric === metric.name,
      )
      .filter(({ at }) => at >= trafficSince)
      .toSorted((one, other) => one.at - other.at)
      .reduce(
        (state, answer) =>
          addSample(
            metric,
            state,
            sampleOf(metric, readingsOf(analysis, metric, answer), answer.at),
          ),
        furthest(trial, known, metric.name),
      ),
  )
  return { role, revision, metrics }
}

/** All that an answer says of a metric. */
export function readingsOf(analysis: Analysis, metric: Metric, answer: MetricAnswer): Readings {
  const { at, companions = {} } = answer
  const provider = metricProviders[analysis.provider.kind]
  const read = (part: Question['part'], found: HttpAnswer): Reading =>
    provider.read(found, { metric, part, at })
  const { count, stable, stableCount } = companions
  return {
    value: read('value', answer.answer),
    ...(count === undefined ? {} : { count: read('count', count) }),
    ...(stable === undefined ? {} : { stable: read('value', stable) }),
    ...(stableCount === undefined ? {} : { stableCount: read('count', stableCount) }),
  }
}

function furthest(
  { role, revision, trafficSince = Infinity }: Trial,
  known: readonly (AnalysisState | undefined)[],
  name: string,
): MetricState {
  return known
    .flatMap((state) =>
      state?.revision === revision && state.role === role ? metricState(state, name) : [],
    )
    .filter(({ samples }) => samples.every(({ at }) => at >= trafficSince))
    .reduce((one, other) => (isFurther(other, one) ? other : one), emptyMetric(name))
}

// Samples too small to judge count nothing, but they were asked for.
function isFurther(other: MetricState, one: MetricState): boolean {
  const more = total(other) - total(one)
  return more > 0 || (more === 0 && newest(other) > newest(one))
}

function newest({ samples }: MetricState): Instant {
  return samples.at(-1)?.at ?? -Infinity
}

function total({ good, bad, missing, errors }: MetricState): number {
  return good + bad + missing + errors
}

export type Schedule = { readonly asks: readonly MeasureAsk[]; readonly next: Instant | undefined }

export type Measuring = {
  readonly app: App
  readonly trial: Trial
  /** The revision that users trust, for comparisons. */
  readonly stable: string | undefined
  readonly state: AnalysisState
  /** Whether stable has no traffic, so that there is nothing to compare with. */
  readonly alone?: boolean
}

/** What to ask now, and when the next question is due. Nothing before the candidate has had traffic and warmed up. */
export function schedule(measuring: Measuring, now: Instant): Schedule {
  const { app, trial } = measuring
  const { analysis } = app
  const since = trial.trafficSince
  if (analysis === undefined || since === undefined) return { asks: [], next: undefined }
  const asks: MeasureAsk[] = []
  let next: Instant | undefined
  for (const metric of analysis.metrics) {
    // What was judged before stands; somebody who waits for more has asked for what cannot come, and is told.
    if (measuring.alone === true && metric.compare !== undefined) continue
    const dueAt = dueOf(analysis, metric, measuring, since)
    if (dueAt <= now) asks.push(askOf(measuring, analysis, metric, { dueAt, now }))
    else next = Math.min(next ?? dueAt, dueAt)
  }
  return { asks, next }
}

function dueOf(
  { warmupMs, warmupFrom }: Analysis,
  metric: Metric,
  { state, trial }: Measuring,
  since: Instant,
): Instant {
  const last = metricState(state, metric.name).samples.at(-1)?.at
  const first = since + warmupMs + metric.intervalMs
  const warm = warmupFrom === 'step' ? trial.stepStartedAt + warmupMs : first
  return Math.max(first, warm, last === undefined ? first : last + metric.intervalMs)
}

function askOf(
  measuring: Measuring,
  { provider }: Analysis,
  metric: Metric,
  { dueAt, now }: { readonly dueAt: Instant; readonly now: Instant },
): MeasureAsk {
  const { trial } = measuring
  // A question that is late, because nobody was there to ask it, looks at now: the past is not asked again.
  const at = now - dueAt > metric.intervalMs ? now : dueAt
  const life = at - (trial.trafficSince ?? at)
  const windowMs = Math.min(metric.windowMs, life)
  const ask = (part: Question['part'], subject: Subject): UrlAsk =>
    metricProviders[provider.kind].ask(provider, { metric, part, subject, windowMs, at })
  const companions = companionsOf(metric, ask, measuring)
  return {
    id: `${trial.role}/${trial.revision}/${metric.name}/${dueAt}`,
    role: trial.role,
    metric: metric.name,
    revision: trial.revision,
    at,
    ask: ask('value', candidateOf(measuring)),
    ...(Object.keys(companions).length === 0 ? {} : { companions }),
  }
}

/** The stable revision is asked about the same stretch of time, so that both had the same users. */
function companionsOf(
  metric: Metric,
  ask: (part: Question['part'], subject: Subject) => UrlAsk,
  measuring: Measuring,
): Companions<UrlAsk> {
  const candidate = candidateOf(measuring)
  const own = stableOf(measuring)
  const counted = metric.minSamples > 0
  const versus = metric.compare !== undefined
  return {
    ...(counted ? { count: ask('count', candidate) } : {}),
    ...(versus ? { stable: ask('value', own) } : {}),
    ...(versus && counted ? { stableCount: ask('count', own) } : {}),
  }
}

function candidateOf({ app, trial }: Measuring): Subject {
  return subjectOf(app, trial.revision, trial.role)
}

function stableOf({ app, stable = '' }: Measuring): Subject {
  return subjectOf(app, stable, stableRole)
}

function subjectOf({ namespace, name, services }: App, revision: string, role: string): Subject {
  return { namespace, rollout: name, revision, role, service: services[role] ?? '' }
}
