/** The `analysis:` block of a Release as it stands on the wire. */
import type { Comparison, MetricSource, Policy, Reducer } from '../model/analysis.ts'

export type ReleaseAnalysis = {
  readonly provider: { readonly prometheus: ReleasePrometheus }
  readonly warmup?: string
  readonly warmupFrom?: 'traffic' | 'step'
  readonly metrics: readonly ReleaseMetric[]
}

export type ReleasePrometheus = {
  readonly address: string
  readonly headers?: Readonly<Record<string, string>>
  readonly secretRef?: { readonly name: string }
  readonly caBundle?: string
}

export type ReleaseMetric = {
  readonly name: string
  readonly template?: string
  readonly source?: MetricSource
  readonly query?: string
  readonly countQuery?: string
  readonly arguments?: Readonly<Record<string, string>>
  readonly range?: { readonly step: string; readonly reduce?: Reducer }
  readonly compare?: Comparison
  readonly counts?: 'series'
  readonly max?: number
  readonly min?: number
  readonly interval?: string
  readonly window?: string
  readonly failures?: number
  readonly count?: number
  readonly minSamples?: number
  readonly onNoData?: Policy
  readonly onError?: Policy
  readonly consecutiveErrors?: number
}
