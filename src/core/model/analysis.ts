/** How a candidate is judged by metrics: what is asked, of whom, and what counts as good. */

export type Analysis = {
  readonly provider: MetricProviderRef
  /** Nothing is measured before the candidate has had traffic for this long. */
  readonly warmupMs: number
  /** `step`: and after the beginning of each step, for as long. */
  readonly warmupFrom?: 'traffic' | 'step'
  readonly metrics: readonly Metric[]
}

/** Whom to ask, and with what. A secret is only named here; the shell reads it when a question leaves. */
export type MetricProviderRef = {
  readonly kind: 'prometheus'
  readonly address: string
  /** Headers that are no secret, such as the tenant. */
  readonly headers: Readonly<Record<string, string>>
  /** Name of a Secret in the app's namespace that is bound to this address. */
  readonly secret: string | undefined
  /** PEM certificates to trust besides none other; undefined trusts the usual ones. */
  readonly caBundle: string | undefined
}

/** What to do while there is nothing to judge. */
export type Policy = 'hold' | 'continue' | 'rollback'

export type Metric = {
  readonly name: string
  readonly query: MetricQuery
  /** Asks for a row of points instead of one, and makes one number of them. */
  readonly range: MetricRange | undefined
  /** Judges the candidate's value against the stable revision's: their ratio, or their difference. */
  readonly compare: Comparison | undefined
  /** The value is the number of series in the answer, none of which is 0; left out, it is that of the one series. */
  readonly counts?: 'series'
  /** A sample is good when min ≤ value ≤ max; of a comparison, the value is what was compared. */
  readonly max: number | undefined
  readonly min: number | undefined
  readonly intervalMs: number
  /** The stretch of time a sample looks back on; clipped to the candidate's life with traffic. */
  readonly windowMs: number
  /** So many bad samples turn the release back. */
  readonly failures: number
  /** So many good samples make it pass. */
  readonly count: number
  /** A sample of fewer requests than this is not judged; 0 judges any. */
  readonly minSamples: number
  readonly onNoData: Policy
  readonly onError: Policy
  /** `onError` applies from so many errors in a row; fewer hold. Undefined counts all errors, not only those in a row. */
  readonly consecutiveErrors: number | undefined
}

export type Comparison = 'ratio' | 'difference'

export type MetricQuery =
  | {
      readonly kind: 'template'
      readonly template: string
      /** Who counted the requests: the app itself, or the gateway in front of it. */
      readonly source: MetricSource
    }
  | {
      readonly kind: 'text'
      readonly text: string
      /** How many requests a sample stands for; needed for `minSamples`. */
      readonly count: string | undefined
      /** Values for arguments of the author's own. */
      readonly arguments: Readonly<Record<string, string>>
    }

export const metricSources = ['app', 'gateway-api', 'nginx', 'istio'] as const
export type MetricSource = (typeof metricSources)[number]

export const reducers = ['last', 'mean', 'min', 'max', 'sum'] as const
export type Reducer = (typeof reducers)[number]

/** A range query: points a `stepMs` apart over the window, each looking back one step. */
export type MetricRange = {
  readonly stepMs: number
  readonly reduce: Reducer
  /**
   * How far the query itself looks back from each point, where its author says so. Points that would look past the
   * candidate's beginning are left out, but for the last.
   */
  readonly lookBackMs?: number
}
