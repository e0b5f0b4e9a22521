/** The one list of metric providers. A new one is a file and a line here. */
import type { MetricProviderRef } from '../model/analysis.ts'
import { prometheus } from './prometheus.ts'
import type { MetricProvider } from './provider.ts'

export const metricProviders: Readonly<Record<MetricProviderRef['kind'], MetricProvider>> = {
  prometheus,
}
