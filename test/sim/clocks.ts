/** The clock of one process: it may be off, jump, run too fast, stand frozen, and die with the process. */
import type { Clock } from '#kube/ports.ts'

export type ProcessClock = {
  readonly clock: Clock
  /** Shifts the wall clock. */
  readonly jump: (ms: number) => void
  readonly freeze: () => void
  /** Everything that fell due meanwhile happens now, in order. */
  readonly thaw: () => void
  readonly isFrozen: () => boolean
  /** Resolves at once, or when the process thaws. */
  readonly thawed: () => Promise<void> | undefined
  /** No callback ever comes again. */
  readonly kill: () => void
}

export function processClock(world: Clock, offsetMs: number, rate: number): ProcessClock {
  const bornAt = world.monotonic()
  let offset = offsetMs
  let alive = true
  let frozen = false
  let waiting: (() => void)[] = []
  const local = (): number => (world.monotonic() - bornAt) * rate
  const wallAt = world.now()

  const fire = (callback: () => void): void => {
    if (!alive) return
    if (frozen) waiting.push(callback)
    else callback()
  }
  return {
    clock: {
      now: () => Math.floor(wallAt + offset + local()),
      monotonic: local,
      after: (delayMs, callback) => {
        let cancelled = false
        const cancel = world.after(delayMs / rate, () => {
          fire(() => {
            if (!cancelled) callback()
          })
        })
        return () => {
          cancelled = true
          cancel()
        }
      },
    },
    jump: (ms) => {
      offset += ms
    },
    freeze: () => {
      frozen = true
    },
    thaw: () => {
      frozen = false
      const due = waiting
      waiting = []
      for (const callback of due) fire(callback)
    },
    isFrozen: () => frozen,
    thawed: () => (frozen ? new Promise<void>((resolve) => waiting.push(resolve)) : undefined),
    kill: () => {
      alive = false
      waiting = []
    },
  }
}
