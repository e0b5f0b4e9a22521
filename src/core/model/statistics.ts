/**
 * Whether two shares differ by more than chance: of visitors who bought, of requests that failed. The classic test says
 * so once, for a number of observations fixed beforehand; who looks again and again and stops at the first yes is fooled
 * far more often than one time in twenty. For that there is `alwaysValid`, which may be looked at as often as one likes
 * and asks for more observations in return.
 */

/** So many successes (or failures, or whatever is counted) out of so many observations. */
export type Counted = { readonly hits: number; readonly of: number }

/** `z` is that of B over A, `confidence` 1 − p, two-sided. `effect` is (B − A) / A; 1 where A is 0 and B is not. */
export type ProportionTest = {
  readonly rateA: number
  readonly rateB: number
  readonly z: number
  readonly confidence: number
  readonly effect: number
}

/** Fewer observations than this on either side say nothing. */
export const leastObservations = 30

export type Winner = 'a' | 'b'

export type Judged = ProportionTest & {
  readonly significant: boolean
  /** Who is better, once that is significant. */
  readonly winner: Winner | undefined
}

/** The two-proportion z-test, pooled and two-sided. Undefined where there is nothing to compare. */
export function twoProportions(a: Counted, b: Counted): ProportionTest | undefined {
  if (!isCount(a) || !isCount(b)) return undefined
  const rateA = a.hits / a.of
  const rateB = b.hits / b.of
  const pooled = (a.hits + b.hits) / (a.of + b.of)
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / a.of + 1 / b.of))
  if (!Number.isFinite(error) || error === 0) return undefined
  const z = (rateB - rateA) / error
  const effect = rateA === 0 ? (rateB > 0 ? 1 : 0) : (rateB - rateA) / rateA
  return { rateA, rateB, z, confidence: 1 - twoSided(z), effect }
}

export type JudgeOptions = {
  /** Which share is the better one. */
  readonly direction: 'higher' | 'lower'
  /** Default 0.95. */
  readonly confidence?: number
  /** Observations each side needs; never below `leastObservations`. */
  readonly minSamples?: number
  /** A significant difference below this share of A names no winner. Default 0. */
  readonly minEffect?: number
  /** `fixed` is right for one look, `sequential` for any number of them. Default `fixed`. */
  readonly looks?: 'fixed' | 'sequential'
}

/** Who of two variants is better. Undefined where the counts do not allow a test. */
export function judgeProportions(
  a: Counted,
  b: Counted,
  options: JudgeOptions,
): Judged | undefined {
  const { direction, confidence = 0.95, minSamples = 0, minEffect = 0, looks = 'fixed' } = options
  const found = twoProportions(a, b)
  if (found === undefined) return undefined
  const test = looks === 'fixed' ? found : { ...found, confidence: alwaysValid(a, b) }
  const enough = Math.min(a.of, b.of) >= Math.max(minSamples, leastObservations)
  const significant = enough && test.confidence >= confidence
  const large = significant && test.rateA !== test.rateB && Math.abs(test.effect) >= minEffect
  const better: Winner = test.rateB > test.rateA === (direction === 'higher') ? 'b' : 'a'
  return { ...test, significant, winner: large ? better : undefined }
}

/**
 * A confidence that holds at every look at once: one minus the always-valid p-value of the mixture sequential
 * probability ratio test. `spread` is the difference of shares that is expected if there is one; a wrong guess costs
 * observations, never validity.
 */
export function alwaysValid(a: Counted, b: Counted, spread = 0.02): number {
  if (!isCount(a) || !isCount(b)) return 0
  const [rateA, rateB] = [a.hits / a.of, b.hits / b.of]
  const variance = (rateA * (1 - rateA)) / a.of + (rateB * (1 - rateB)) / b.of
  if (!Number.isFinite(variance) || variance === 0) return 0
  const width = spread * spread
  const difference = rateB - rateA
  const exponent = (width * difference * difference) / (2 * variance * (variance + width))
  const ratio = Math.sqrt(variance / (variance + width)) * Math.exp(exponent)
  return Math.max(0, 1 - 1 / ratio)
}

function isCount({ hits, of }: Counted): boolean {
  return Number.isFinite(hits) && Number.isFinite(of) && of > 0 && hits >= 0 && hits <= of
}

/** The chance that a standard normal variable is at least this far from 0. */
function twoSided(z: number): number {
  return complementaryError(Math.abs(z) / Math.SQRT2)
}

/** erfc for x ≥ 0: the series near 0, the continued fraction beyond; good to about 1e-14. */
function complementaryError(x: number): number {
  if (x < 2.5) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n += 1) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = 0
  for (let n = 60; n >= 1; n -= 1) fraction = n / 2 / (x + fraction)
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction)
}
