/**
 * How often one release may write: as often as any release has to, but never round in circles at the speed of the server.
 * Whoever undoes our writes at once, or a cache that lags behind them, must cost the server little. A bucket that leaks: two
 * hundred writes at once, which is more than the longest plan needs without a pause, then four a second. With each change of
 * what is asked for it is empty again.
 */
const burst = 200
const perSecond = 4

/** What was written and has not been worn off yet, at an instant of the monotonic clock. */
export type Spent = { readonly writes: number; readonly at: number }

export const nothingSpent: Spent = { writes: 0, at: 0 }

/** Milliseconds until the next write may go; 0 for now. */
export function waitFor(spent: Spent, now: number): number {
  const over = left(spent, now) - burst
  return over < 0 ? 0 : Math.ceil(((over + 1) * 1000) / perSecond)
}

export function spend(spent: Spent, writes: number, now: number): Spent {
  return writes === 0 ? spent : { writes: left(spent, now) + writes, at: now }
}

function left({ writes, at }: Spent, now: number): number {
  return Math.max(0, writes - ((now - at) * perSecond) / 1000)
}
