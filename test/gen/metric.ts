/** Builders for metrics and the analysis they stand in. */
import type { ReleaseAnalysis, ReleaseMetric } from '#core/api/release-analysis.ts'
import type { Metric } from '#core/model/analysis.ts'

export function metric(changes: Partial<Metric> = {}): Metric {
  return {
    name: 'errors',
    query: { kind: 'template', template: 'error-rate', source: 'app' },
    range: undefined,
    compare: undefined,
    max: 1,
    min: undefined,
    intervalMs: 10_000,
    windowMs: 60_000,
    failures: 1,
    count: 1,
    minSamples: 0,
    onNoData: 'hold',
    onError: 'hold',
    consecutiveErrors: undefined,
    ...changes,
  }
}

/** One metric, `errors`, every ten seconds. */
export function analysis(changes: Partial<ReleaseMetric> = {}, warmup = '0s'): ReleaseAnalysis {
  return {
    provider: { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } },
    warmup,
    metrics: [{ name: 'errors', template: 'error-rate', max: 1, interval: '10s', ...changes }],
  }
}
