/**
 * Holds back repeated work on what is large. The endpoints of a thousand pods that start in a second would else be
 * written a thousand times, each time all of them; up to a size of a hundred nothing waits.
 */
import type { Clock } from '#kube/ports.ts'

const freeSize = 100

export class Pace {
  readonly #clock: Clock
  readonly #wroteAt = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds to wait before `key`, which is of this size, is looked at again; undefined for not at all. */
  wait(key: string, size: number): number | undefined {
    const wroteAt = this.#wroteAt.get(key)
    if (wroteAt === undefined || size <= freeSize) return undefined
    const left = wroteAt + size - this.#clock.monotonic()
    return left > 0 ? left : undefined
  }

  wrote(key: string): void {
    this.#wroteAt.set(key, this.#clock.monotonic())
  }

  forget(key: string): void {
    this.#wroteAt.delete(key)
  }
}
