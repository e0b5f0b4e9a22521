/**
 * Waiting longer after each failure, so that a server that is down is not stormed when it comes
 * back.
 */
import type { Ports } from './ports.ts'

const firstMs = 800
const mostMs = 30_000
/** After this long without a failure the next one starts from the beginning again. */
const calmMs = 120_000
/** A server may ask for more patience than ours, but not for an hour. */
const mostAskedMs = 120_000

export type Backoff = {
  /**
   * Milliseconds to wait after a failure now: 0.8 s, doubling to 30 s, of which the second half is
   * random; never less than the server asked for.
   */
  readonly next: (retryAfterMs?: number) => number
}

export function backoff({ clock, random }: Ports): Backoff {
  let step = 0
  let resumedAt = Number.NEGATIVE_INFINITY
  return {
    next: (retryAfterMs = 0) => {
      const now = clock.monotonic()
      // What counts as calm begins after the wait that the last failure imposed.
      if (now - resumedAt > calmMs) step = 0
      const ceiling = Math.min(mostMs, firstMs * 2 ** step)
      if (ceiling < mostMs) step += 1
      const own = ceiling / 2 + (ceiling / 2) * random()
      const delayMs = Math.max(own, Math.min(retryAfterMs, mostAskedMs))
      resumedAt = now + delayMs
      return delayMs
    },
  }
}
