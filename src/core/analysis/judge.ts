/** From samples to a verdict: counting with limits. Nothing here asks; it only judges what came. */
import type { Companions } from '../decision.ts'
import type { Reading } from '../metrics/provider.ts'
import type { Metric } from '../model/analysis.ts'
import { type AnalysisState, keep, type MetricState, type Sample } from '../model/notebook.ts'
import { cut } from '../render/text.ts'
import type { Instant } from '../time.ts'

/** All that was read of one sample. */
export type Readings = { readonly value: Reading } & Companions<Reading>

/** Judges one sample. What cannot be told from it is never good: the least that is known of its parts decides. */
export function sampleOf(metric: Metric, readings: Readings, at: Instant): Sample {
  const candidate = partOf(metric, readings.value, readings.count)
  if (candidate.kind !== 'value') return unjudged(candidate, at)
  if (metric.compare === undefined) return judged(metric, candidate.value, at)
  const own = partOf(metric, readings.stable, readings.stableCount)
  if (own.kind !== 'value') return unjudged({ ...own, message: `stable: ${own.message}` }, at)
  return compared(metric, candidate.value, own.value, at)
}

type Unjudged = { readonly kind: 'noData' | 'error' | 'needMoreData'; readonly message: string }
type Part = Unjudged | Extract<Reading, { kind: 'value' }>

const unanswered: Reading = { kind: 'error', message: 'a part of the answer is missing' }

function partOf(metric: Metric, value: Reading = unanswered, count: Reading = unanswered): Part {
  if (value.kind === 'error' || metric.minSamples === 0) return value
  if (count.kind === 'error') return count
  // No requests at all are no data; some, but too few, only need time.
  if (count.kind === 'noData') return value.kind === 'noData' ? value : count
  if (count.value < metric.minSamples) {
    const message = `${Math.floor(Math.max(0, count.value))} of ${metric.minSamples} requests`
    return { kind: 'needMoreData', message }
  }
  return value
}

function unjudged({ kind, message }: Unjudged, at: Instant): Sample {
  return { at, verdict: kind, value: undefined, message: cut(message, keep.sampleMessage) }
}

function judged(metric: Metric, value: number, at: Instant, message?: string): Sample {
  const good = value <= (metric.max ?? Infinity) && value >= (metric.min ?? -Infinity)
  // Infinity has no spelling in JSON.
  const told = Number.isFinite(value) ? value : undefined
  return { at, verdict: good ? 'passing' : 'failing', value: told, message }
}

function compared(metric: Metric, candidate: number, own: number, at: Instant): Sample {
  const message = `${short(candidate)} against stable's ${short(own)}`
  if (metric.compare === 'difference') return judged(metric, candidate - own, at, message)
  if (candidate < 0 || own < 0)
    return unjudged({ kind: 'error', message: `${message}: no ratio of negative numbers` }, at)
  // Nothing against nothing is the same; something against nothing is infinitely more.
  const ratio = own === 0 ? (candidate === 0 ? 1 : Infinity) : candidate / own
  return judged(metric, ratio, at, message)
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}

export function emptyMetric(name: string): MetricState {
  return { name, verdict: 'needMoreData', good: 0, bad: 0, missing: 0, errors: 0, samples: [] }
}

/** Adds a sample; a sample that is not newer than the newest known changes nothing, so none counts twice. */
export function addSample(metric: Metric, state: MetricState, sample: Sample): MetricState {
  const last = state.samples.at(-1)
  if (last !== undefined && sample.at <= last.at) return state
  const counted = {
    ...state,
    good: state.good + (sample.verdict === 'passing' ? 1 : 0),
    bad: state.bad + (sample.verdict === 'failing' ? 1 : 0),
    missing: state.missing + (sample.verdict === 'noData' ? 1 : 0),
    errors: state.errors + (sample.verdict === 'error' ? 1 : 0),
    samples: [...state.samples, sample].slice(-keep.samples),
  }
  return { ...counted, verdict: verdictOf(metric, counted) }
}

/** Failing is for good; otherwise the newest sample speaks, and good ones must be enough. */
function verdictOf(metric: Metric, state: MetricState): MetricState['verdict'] {
  if (state.bad >= metric.failures) return 'failing'
  const last = state.samples.at(-1)
  if (last?.verdict === 'noData' || last?.verdict === 'error') return last.verdict
  if (last?.verdict === 'failing' || last?.verdict === 'needMoreData') return 'needMoreData'
  return state.good >= metric.count ? 'passing' : 'needMoreData'
}

export function metricState(state: AnalysisState | undefined, name: string): MetricState {
  return state?.metrics.find((metric) => metric.name === name) ?? emptyMetric(name)
}
