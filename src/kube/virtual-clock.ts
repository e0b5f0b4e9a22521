/**
 * A clock that stands still until it is told to move, for tests and simulations: the same timers
 * fire in the same order on every run, and ten minutes pass in a millisecond.
 */
import type { Cancel, Clock } from './ports.ts'

export type VirtualClock = {
  readonly clock: Clock
  /** Moves on by `ms`, fires what falls due in order, and lets every promise settle in between. */
  readonly advance: (ms: number) => Promise<void>
  /** Moves on from timer to timer until the condition holds; false when `withinMs` passed first. */
  readonly advanceUntil: (condition: () => boolean, withinMs: number) => Promise<boolean>
  /** Shifts the wall clock alone, as an administrator or NTP would. */
  readonly shiftWallClock: (ms: number) => void
  /** Passes `ms` without firing anything, as a frozen process sees it when it thaws. */
  readonly freeze: (ms: number) => void
  /** Timers that are waiting. */
  readonly pending: () => number
}

type Timer = { readonly at: number; readonly order: number; readonly callback: () => void }

export function virtualClock(startAt = Date.UTC(2026, 0, 1)): VirtualClock {
  const timers = new Set<Timer>()
  let elapsed = 0
  let wallOffset = 0
  let order = 0

  const after = (delayMs: number, callback: () => void): Cancel => {
    order += 1
    const timer = { at: elapsed + Math.max(0, delayMs), order, callback }
    timers.add(timer)
    return () => timers.delete(timer)
  }

  /** For when all has settled; leaves it so. */
  const step = async (until: number): Promise<boolean> => {
    const next = earliest(timers)
    if (next === undefined || next.at > until) return false
    timers.delete(next)
    elapsed = Math.max(elapsed, next.at)
    next.callback()
    await settle()
    return true
  }

  const advance = async (ms: number): Promise<void> => {
    const until = elapsed + ms
    await settle()
    while (await step(until)) {
      // Each step fires one timer.
    }
    elapsed = Math.max(elapsed, until)
  }

  const advanceUntil = async (condition: () => boolean, withinMs: number): Promise<boolean> => {
    const until = elapsed + withinMs
    await settle()
    while (!condition()) {
      if (!(await step(until))) {
        elapsed = Math.max(elapsed, until)
        return condition()
      }
    }
    return true
  }

  const clock: Clock = {
    now: () => startAt + wallOffset + elapsed,
    monotonic: () => elapsed,
    after,
  }
  return {
    clock,
    advance,
    advanceUntil,
    shiftWallClock: (ms) => {
      wallOffset += ms
    },
    freeze: (ms) => {
      elapsed += ms
    },
    pending: () => timers.size,
  }
}

function earliest(timers: ReadonlySet<Timer>): Timer | undefined {
  let first: Timer | undefined
  for (const timer of timers) {
    if (
      first === undefined ||
      timer.at < first.at ||
      (timer.at === first.at && timer.order < first.order)
    ) {
      first = timer
    }
  }
  return first
}

/** An immediate runs only after every microtask, however many promises hang on one another. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
