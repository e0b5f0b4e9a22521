/**
 * The work queue every controller here is driven by: keys, never events. A key waits at most once, is never worked on
 * twice at a time, comes back with growing delays when it fails, and may ask to be looked at again at a given time.
 */
import type { Cancel, Clock } from '#kube/ports.ts'

/** Milliseconds after which the key wants to be looked at again, if nothing happens before. */
export type LookAgain = number | undefined

export type QueueOptions = {
  readonly clock: Clock
  readonly reconcile: (key: string) => Promise<LookAgain>
  /** Told of every failure; the key is retried after `retryInMs`. */
  readonly onError: (key: string, error: unknown, retryInMs: number) => void
  /** Keys worked on at a time; default 8. */
  readonly workers?: number
}

export type Queue = {
  readonly add: (key: string) => void
  /** The earliest of several due times counts. */
  readonly addAfter: (key: string, delayMs: number) => void
  /** True when nothing waits, runs or is due to be retried; keys that merely asked for a later look do not count. */
  readonly idle: () => boolean
  /** Takes no more keys and resolves when the ones being worked on are finished. */
  readonly stop: () => Promise<void>
}

const firstRetryMs = 5
const longestRetryMs = 1_000_000

export function startQueue(options: QueueOptions): Queue {
  return new WorkQueue(options)
}

class WorkQueue implements Queue {
  readonly #options: QueueOptions
  readonly #workers: number
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #due = new Map<string, { readonly at: number; readonly cancel: Cancel }>()
  readonly #failures = new Map<string, number>()
  #stopped = false
  #pumping = false

  constructor(options: QueueOptions) {
    this.#options = options
    this.#workers = options.workers ?? 8
  }

  readonly add = (key: string): void => {
    if (this.#stopped) return
    this.#waiting.add(key)
    this.#pumpSoon()
  }

  readonly addAfter = (key: string, delayMs: number): void => {
    if (this.#stopped) return
    if (delayMs <= 0) return this.add(key)
    const at = this.#options.clock.monotonic() + delayMs
    const before = this.#due.get(key)
    if (before !== undefined) {
      if (before.at <= at) return
      before.cancel()
    }
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#due.delete(key)
      this.add(key)
    })
    this.#due.set(key, { at, cancel })
  }

  readonly idle = (): boolean =>
    this.#waiting.size === 0 && this.#running.size === 0 && this.#failures.size === 0

  readonly stop = async (): Promise<void> => {
    this.#stopped = true
    for (const { cancel } of this.#due.values()) cancel()
    this.#due.clear()
    this.#waiting.clear()
    await Promise.all(this.#running.values())
  }

  // Events of one moment arrive one by one; waiting for the end of the turn lets them count as one.
  #pumpSoon(): void {
    if (this.#pumping) return
    this.#pumping = true
    queueMicrotask(() => {
      this.#pumping = false
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#stopped) return
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#workers) return
      if (this.#running.has(key)) continue
      this.#waiting.delete(key)
      this.#running.set(key, this.#work(key))
    }
  }

  async #work(key: string): Promise<void> {
    // Gives #pump the time to note the promise before it can end.
    await Promise.resolve()
    try {
      const again = await this.#options.reconcile(key)
      this.#failures.delete(key)
      if (again !== undefined) this.addAfter(key, again)
    } catch (error) {
      const failures = this.#failures.get(key) ?? 0
      this.#failures.set(key, failures + 1)
      const retryInMs = Math.min(firstRetryMs * 2 ** failures, longestRetryMs)
      this.#options.onError(key, error, retryInMs)
      this.addAfter(key, retryInMs)
    } finally {
      this.#running.delete(key)
      if (this.#waiting.size > 0) this.#pumpSoon()
    }
  }
}
