/** The real clock, randomness and ids. */
import { randomUUID } from 'node:crypto'
import type { Clock, Ports } from './ports.ts'

export type SystemClockOptions = {
  /** Runs the clock so many times faster than the world, for walk-throughs. Default 1. */
  readonly speed?: number
  /** What `now` begins with. Default the wall clock; from there on it only advances, whatever the wall clock does. */
  readonly startAt?: number
}

/** The longest delay that Node's timers take; a longer one, as one below zero, would fire at once. */
const longestTimerMs = 2 ** 31 - 1

export function systemClock({ speed = 1, startAt = Date.now() }: SystemClockOptions = {}): Clock {
  const started = performance.now()
  const elapsed = (): number => (performance.now() - started) * speed
  return {
    now: () => Math.floor(startAt + elapsed()),
    monotonic: elapsed,
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(Math.max(0, delayMs / speed), longestTimerMs))
      return () => clearTimeout(timer)
    },
  }
}

export function systemPorts(options: SystemClockOptions = {}): Ports {
  return { clock: systemClock(options), random: Math.random, newId: randomUUID }
}
