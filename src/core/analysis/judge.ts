/** From samples to a verdict: counting with limits. Nothing here asks; it only judges what came. */
import type { Reading } from '../metrics/provider.ts'
import type { Metric } from '../model/app.ts'
import { type AnalysisState, keep, type MetricState, type Sample } from '../model/notebook.ts'
import { cut } from '../render/text.ts'
import type { Instant } from '../time.ts'

/** Judges one reading against a metric's thresholds. */
export function sampleOf(metric: Metric, reading: Reading, at: Instant): Sample {
  if (reading.kind !== 'value') {
    const message = cut(reading.message, keep.sampleMessage)
    return { at, verdict: reading.kind, value: undefined, message }
  }
  const { value } = reading
  const good = value <= (metric.max ?? Infinity) && value >= (metric.min ?? -Infinity)
  return { at, verdict: good ? 'passing' : 'failing', value, message: undefined }
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
  if (last?.verdict === 'failing') return 'needMoreData'
  return state.good >= metric.count ? 'passing' : 'needMoreData'
}

export function metricState(state: AnalysisState | undefined, name: string): MetricState {
  return state?.metrics.find((metric) => metric.name === name) ?? emptyMetric(name)
}
