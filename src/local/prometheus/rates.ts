/** rate, increase, delta, irate: the algorithms of Prometheus 3 on the samples of one range. */
import type { Sample } from './store.ts'

export type RangeWindow = {
  readonly samples: readonly Sample[]
  /** The range is (start, end], milliseconds. */
  readonly start: number
  readonly end: number
}

/**
 * The change over the whole range, extrapolated from the samples to its edges; undefined with less than two samples.
 * Extrapolation stops half an average interval beyond the samples where the edge is farther than 1.1 intervals, and,
 * for a counter, where it would have been zero.
 */
export function extrapolated(
  { samples, start, end }: RangeWindow,
  as: { readonly counter: boolean; readonly perSecond: boolean },
): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || samples.length < 2) return undefined
  const change = last.v - first.v + (as.counter ? resets(samples) : 0)
  const sampled = (last.t - first.t) / 1000
  const average = sampled / (samples.length - 1)
  const threshold = average * 1.1

  let toStart = (first.t - start) / 1000
  if (toStart >= threshold) toStart = average / 2
  if (as.counter && change > 0 && first.v >= 0) {
    toStart = Math.min(toStart, sampled * (first.v / change))
  }
  let toEnd = (end - last.t) / 1000
  if (toEnd >= threshold) toEnd = average / 2

  let factor = (sampled + toStart + toEnd) / sampled
  if (as.perSecond) factor /= (end - start) / 1000
  return change * factor
}

/** Per second, between the last two samples; undefined where there are not two. */
export function instantRate({ samples }: RangeWindow): number | undefined {
  const [before, last] = [samples.at(-2), samples.at(-1)]
  if (before === undefined || last === undefined || last.t === before.t) return undefined
  const change = last.v < before.v ? last.v : last.v - before.v
  return change / ((last.t - before.t) / 1000)
}

// What the counter had reached each time it began anew.
function resets(samples: readonly Sample[]): number {
  let total = 0
  let before = samples[0]?.v ?? 0
  for (const { v } of samples) {
    if (v < before) total += before
    before = v
  }
  return total
}
