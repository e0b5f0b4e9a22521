/** Quantiles: of plain values, and of classic histogram buckets by linear interpolation. */

/** As the aggregation `quantile`: interpolated between the two nearest ranks; NaN counts as smallest. */
export function quantileOf(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN
  if (q < 0) return -Infinity
  if (q > 1) return Infinity
  const sorted = values.toSorted((a, b) => (Number.isNaN(a) ? -1 : Number.isNaN(b) ? 1 : a - b))
  const rank = q * (sorted.length - 1)
  const lower = Math.floor(rank)
  const upper = Math.min(sorted.length - 1, lower + 1)
  const weight = rank - lower
  return (sorted[lower] ?? Number.NaN) * (1 - weight) + (sorted[upper] ?? Number.NaN) * weight
}

/** Cumulative: how many observations were at most `upper`. */
export type Bucket = { readonly upper: number; readonly count: number }

/**
 * As histogram_quantile: NaN without a bucket of +Inf, with less than two buckets or without observations; the highest
 * finite bound where the quantile lies beyond it.
 */
export function bucketQuantile(q: number, given: readonly Bucket[]): number {
  if (Number.isNaN(q)) return Number.NaN
  if (q < 0) return -Infinity
  if (q > 1) return Infinity
  const buckets = monotonic(merged(given.toSorted((a, b) => a.upper - b.upper)))
  const last = buckets.at(-1)
  if (last === undefined || last.upper !== Infinity) return Number.NaN
  if (buckets.length < 2 || last.count === 0 || Number.isNaN(last.count)) return Number.NaN

  const rank = q * last.count
  const found = buckets.slice(0, -1).findIndex(({ count }) => count >= rank)
  if (found < 0) return buckets.at(-2)?.upper ?? Number.NaN
  const bucket = buckets[found] ?? last
  const below = found === 0 ? undefined : buckets[found - 1]
  if (below === undefined && bucket.upper <= 0) return bucket.upper
  const start = below?.upper ?? 0
  const share = (rank - (below?.count ?? 0)) / (bucket.count - (below?.count ?? 0))
  return start + (bucket.upper - start) * share
}

function merged(sorted: readonly Bucket[]): readonly Bucket[] {
  const result: Bucket[] = []
  for (const bucket of sorted) {
    const last = result.at(-1)
    if (last?.upper !== bucket.upper) result.push(bucket)
    else result[result.length - 1] = { upper: last.upper, count: last.count + bucket.count }
  }
  return result
}

// Buckets read at slightly different times, or summed as floats, may seem to fall: they are lifted.
function monotonic(buckets: readonly Bucket[]): readonly Bucket[] {
  let highest = buckets[0]?.count ?? 0
  return buckets.map(({ upper, count }) => {
    if (count > highest && !almostEqual(count, highest)) highest = count
    return { upper, count: highest }
  })
}

function almostEqual(a: number, b: number): boolean {
  const smallest = 2.2250738585072014e-308
  const sum = Math.abs(a) + Math.abs(b)
  const difference = Math.abs(a - b)
  if (a === 0 || b === 0 || sum < smallest) return difference < 1e-12 * smallest
  return difference / Math.min(sum, Number.MAX_VALUE) < 1e-12
}
