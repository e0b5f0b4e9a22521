/**
 * How many requests may be under way at once. Starts at the full number of connections; halves when
 * the server says that it is overloaded, shrinks when its answers slow down, and grows back by
 * about one for each round of good answers (additive increase, multiplicative decrease). Leases and
 * watches do not pass through here.
 */
import type { Clock } from './ports.ts'

export type Outcome =
  /** An answer; `ms` to its head, or undefined where the time says nothing (long lists). */
  | { readonly kind: 'answered'; readonly ms: number | undefined }
  /** 429, 503, or no answer in time. */
  | { readonly kind: 'overloaded' }
  /** Broken or given up; says nothing about load. */
  | { readonly kind: 'void' }

export type Limit = {
  /**
   * Waits for a place, first come first served. Rejects with `signal.reason`, leaving the queue.
   */
  readonly enter: (signal: AbortSignal) => Promise<void>
  readonly leave: (outcome: Outcome) => void
  readonly state: () => {
    readonly limit: number
    readonly inFlight: number
    readonly waiting: number
  }
}

/** An answer counts as slow from this many times the usual time, and never below `slowFloorMs`. */
const slowFactor = 5
const slowFloorMs = 250
/** One decrease a second at most: answers to requests sent before the last one say nothing new. */
const decreaseEveryMs = 1000

type Waiter = { readonly admit: () => void }

export function adaptiveLimit(clock: Clock, most = 16): Limit {
  let limit = most
  let inFlight = 0
  let usualMs: number | undefined
  let decreasedAt = Number.NEGATIVE_INFINITY
  const waiting = new Set<Waiter>()

  const admitWaiting = (): void => {
    for (const waiter of waiting) {
      if (inFlight >= Math.floor(limit)) return
      waiting.delete(waiter)
      inFlight += 1
      waiter.admit()
    }
  }

  const enter = (signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (inFlight < Math.floor(limit) && waiting.size === 0) {
      inFlight += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const waiter = {
        admit: (): void => {
          signal.removeEventListener('abort', abandon)
          resolve()
        },
      }
      const abandon = (): void => {
        waiting.delete(waiter)
        reject(signal.reason)
      }
      waiting.add(waiter)
      signal.addEventListener('abort', abandon, { once: true })
    })
  }

  const decrease = (factor: number): void => {
    if (clock.monotonic() - decreasedAt < decreaseEveryMs) return
    decreasedAt = clock.monotonic()
    limit = Math.max(1, limit * factor)
  }

  const learn = (ms: number | undefined): void => {
    const slow = ms !== undefined && ms > Math.max(slowFloorMs, slowFactor * (usualMs ?? ms))
    if (slow) return decrease(0.8)
    // Slow answers do not become the usual ones, so that a creeping slowdown is still seen as one.
    if (ms !== undefined) usualMs = usualMs === undefined ? ms : usualMs * 0.95 + ms * 0.05
    limit = Math.min(most, limit + 1 / limit)
  }

  const leave = (outcome: Outcome): void => {
    inFlight -= 1
    if (outcome.kind === 'overloaded') decrease(0.5)
    if (outcome.kind === 'answered') learn(outcome.ms)
    admitWaiting()
  }

  return {
    enter,
    leave,
    state: () => ({ limit: Math.floor(limit), inFlight, waiting: waiting.size }),
  }
}
