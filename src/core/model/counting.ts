/** The metric of a comparison by counts: how many of how many, over all that was ever counted. */
import type { Metric } from './analysis.ts'

/** A question's window is clipped to the candidate's life with traffic. */
export const allTimeMs = 3650 * 86_400_000

export type Counts = {
  readonly name: string
  /** PromQL for the number of successes. */
  readonly successes: string
  /** PromQL for the number of all. */
  readonly total: string
  readonly intervalMs: number
}

/** It is compared, not measured against limits; where there is nothing to compare, it waits. */
export function countingMetric({ name, successes, total, intervalMs }: Counts): Metric {
  return {
    name,
    query: { kind: 'text', text: successes, count: total, arguments: {} },
    range: undefined,
    compare: 'difference',
    max: undefined,
    min: undefined,
    intervalMs,
    windowMs: allTimeMs,
    failures: 1,
    count: 1,
    minSamples: 1,
    onNoData: 'hold',
    onError: 'hold',
    consecutiveErrors: undefined,
  }
}
