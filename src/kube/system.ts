/** The real clock, randomness and ids. `speed` runs the clock faster than the world, for walk-throughs. */
import { randomUUID } from 'node:crypto'
import type { Clock, Ports } from './ports.ts'

export function systemClock(speed = 1): Clock {
  const startedAt = Date.now()
  const startedMonotonic = performance.now()
  const elapsed = (): number => (performance.now() - startedMonotonic) * speed
  return {
    now: () => (speed === 1 ? Date.now() : Math.round(startedAt + elapsed())),
    monotonic: elapsed,
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(delayMs / speed, 2 ** 31 - 1))
      return () => clearTimeout(timer)
    },
  }
}

export function systemPorts(speed = 1): Ports {
  return { clock: systemClock(speed), random: Math.random, newId: randomUUID }
}
