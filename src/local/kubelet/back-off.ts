/** The kubelet's back-off for crashing containers and failing pulls: 10 s, doubling to 5 min, forgotten in 10 min. */

const firstMs = 10_000
const longestMs = 300_000
const forgetAfterMs = 2 * longestMs

export class BackOff {
  #delayMs = 0
  #since = 0

  /** How long to wait now, for what failed at `failedAt`. The first failure is retried at once. */
  waitMs(failedAt: number, now: number): number {
    if (this.#delayMs === 0 || failedAt - this.#since > forgetAfterMs) return 0
    return Math.max(0, this.#delayMs - (now - failedAt))
  }

  /** Notes that what failed at `failedAt` is tried again. */
  next(failedAt: number): void {
    const forgotten = failedAt - this.#since > forgetAfterMs
    this.#delayMs =
      this.#delayMs === 0 || forgotten ? firstMs : Math.min(this.#delayMs * 2, longestMs)
    this.#since = failedAt
  }

  /** The delay in force, in milliseconds, for messages. */
  get delayMs(): number {
    return this.#delayMs
  }
}

/** `10s`, `2m40s`, as Go prints durations. */
export function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
