/**
 * How often one release may write: as often as any release has to, but never round in circles at the speed of the server.
 * Whoever undoes our writes at once, or a cache that lags behind them, must cost the server little: two hundred writes at
 * once, which is more than the longest plan needs without a pause, then four a second. With each change of what is asked
 * for it begins anew.
 */
import { spent, tooEarly, unspent } from '#kube/bucket.ts'

const rate = { perSecond: 4, burst: 200 } as const

/** What was written and has not been worn off yet; see kube/bucket.ts. */
export type Spent = number

export const nothingSpent: Spent = unspent

/** Milliseconds until the next write may go; 0 for now. */
export function waitFor(before: Spent, now: number): number {
  return Math.ceil(tooEarly(spent(before, 1, now, rate), now, rate))
}

export function spend(before: Spent, writes: number, now: number): Spent {
  return writes === 0 ? before : spent(before, writes, now, rate)
}
