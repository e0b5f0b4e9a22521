/**
 * A bucket that leaks, as one number: until when what went so far is paid for. So much may go at once, and then so much a
 * second. (The generic cell rate algorithm of ITU-T I.371.)
 */
export type Rate = { readonly perSecond: number; readonly burst: number }

/** Nothing went yet. All instants are milliseconds of one monotonic clock. */
export const unspent = Number.NEGATIVE_INFINITY

export function spent(until: number, count: number, now: number, { perSecond }: Rate): number {
  return Math.max(until, now) + (count * 1000) / perSecond
}

/** Milliseconds for which whoever went last is too early; 0 for not at all. */
export function tooEarly(until: number, now: number, { perSecond, burst }: Rate): number {
  return Math.max(0, until - now - (burst * 1000) / perSecond)
}
