/**
 * What the outside world is to everything that talks or waits: a clock, a source of randomness. Handed in, so that
 * the same code runs in virtual time from a seed.
 */

export type Cancel = () => void

export type Clock = {
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Milliseconds that only ever grow; for time-outs, deadlines and leases. */
  readonly monotonic: () => number
  /** Calls back once, after `delayMs` (≥ 0), unless cancelled before. */
  readonly after: (delayMs: number, callback: () => void) => Cancel
}

/** A number in [0, 1). */
export type Random = () => number

/** A fresh identifier in UUID form. */
export type NewId = () => string

export type Ports = {
  readonly clock: Clock
  readonly random: Random
  readonly newId: NewId
}

/** Resolves after `delayMs`, or at once when the signal aborts. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const done = (): void => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(delayMs, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}
