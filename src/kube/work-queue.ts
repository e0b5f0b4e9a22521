/**
 * The work queue that every controller is driven by: keys, never events. A key waits at most once,
 * is never worked on twice at a time, and being asked for meanwhile makes it due again afterwards.
 * It comes back with growing delays when it fails, and may ask to be looked at again. One timer
 * serves all keys, set for the earliest.
 *
 * What failed is retried after client-go's delays, 5 ms doubling to 1000 s for each key and 10 a
 * second after a burst of 100 for all together; a fresh request for a key waits for neither. Keys
 * asked for in low priority, as at start, go behind fresh ones for a minute at most, so that they
 * never starve.
 */
import { spent, tooEarly, unspent } from './bucket.ts'
import { heap } from './heap.ts'
import type { Cancel, Clock } from './ports.ts'

/** Milliseconds after which the key wants to be looked at again, if nothing happens before. */
export type LookAgain = number | undefined

export type RetryRules = {
  /** Before the first retry of a key. Default 5. */
  readonly firstMs?: number
  /** The longest a key waits for its next retry. Default 1,000,000. */
  readonly mostMs?: number
  /** Retries of all keys together, once `burst` is used up. Default 10. */
  readonly perSecond?: number
  /** Default 100. */
  readonly burst?: number
}

export type WorkQueueOptions = {
  readonly clock: Clock
  readonly reconcile: (key: string) => Promise<LookAgain>
  /** Told of every failure: how many in a row it is, and in how many ms the key is retried. */
  readonly onError: (key: string, error: unknown, retryInMs: number, times: number) => void
  /** Keys worked on at a time. Default 8. */
  readonly workers?: number
  readonly retry?: RetryRules
}

export type Asked = {
  /** Not before so many ms have passed. Default 0. */
  readonly afterMs?: number
  /** For what nobody is waiting for, such as everything that exists at start. */
  readonly low?: boolean
}

export type WorkQueue = {
  /** The earliest of several due times counts, and the highest of several priorities. */
  readonly add: (key: string, asked?: Asked) => void
  /** Forgets a key and its failures. What is under way for it goes on to its end. */
  readonly drop: (key: string) => void
  /** Keys that wait, the later ones included. */
  readonly depth: () => number
  /**
   * True when nothing is due, runs or is to be retried; keys that merely asked for a later look do
   * not count.
   */
  readonly idle: () => boolean
  /** Takes no more keys and resolves when the ones being worked on are finished. */
  readonly stop: () => Promise<void>
}

/** Fresh requests of so long after a low one still go before it. */
const lowBehindMs = 60_000
/** Passes that never wait for anything must not keep the thread from sockets and timers. */
const startsBetweenYields = 64

type Entry = {
  readonly key: string
  /** Due at this monotonic time. */
  readonly at: number
  /** Who is due goes in this order, then in the order of asking. */
  readonly rank: number
  readonly order: number
}

export function workQueue(options: WorkQueueOptions): WorkQueue {
  return new Keys(options)
}

class Keys implements WorkQueue {
  readonly #clock: Clock
  readonly #workers: number
  readonly #attempts: Attempts
  readonly #turn: Turn
  readonly #waiting = new Map<string, Entry>()
  readonly #running = new Map<string, Promise<void>>()
  // Entries stay in a heap when they are replaced or dropped, and are passed over as they surface.
  readonly #later = heap<Entry>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order))
  readonly #ready = heap<Entry>(
    (a, b) => a.rank < b.rank || (a.rank === b.rank && a.order < b.order),
  )
  #timer: { readonly at: number; readonly cancel: Cancel } | undefined
  #order = 0
  #stopped = false

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock
    this.#workers = options.workers ?? 8
    this.#attempts = attempts(options)
    this.#turn = turnOf(options.clock, () => this.#pump())
  }

  readonly add = (key: string, { afterMs = 0, low = false }: Asked = {}): void => {
    if (this.#stopped) return
    // What is no number of milliseconds to come is now.
    const at = this.#clock.monotonic() + (afterMs > 0 ? afterMs : 0)
    const rank = at + (low ? lowBehindMs : 0)
    const known = this.#waiting.get(key)
    if (known !== undefined && known.at <= at && known.rank <= rank) return
    this.#order += 1
    const entry: Entry = {
      key,
      at: Math.min(at, known?.at ?? at),
      rank: Math.min(rank, known?.rank ?? rank),
      order: known?.order ?? this.#order,
    }
    this.#waiting.set(key, entry)
    if (!this.#running.has(key)) this.#queue(entry)
  }

  readonly drop = (key: string): void => {
    this.#waiting.delete(key)
    this.#attempts.forget(key)
  }

  readonly depth = (): number => this.#waiting.size

  readonly idle = (): boolean => {
    const now = this.#clock.monotonic()
    const isDue = ({ at }: Entry): boolean => at <= now
    if (this.#running.size > 0 || this.#attempts.failing() > 0) return false
    return ![...this.#waiting.values()].some(isDue)
  }

  readonly stop = async (): Promise<void> => {
    this.#stopped = true
    this.#timer?.cancel()
    this.#turn.cancel()
    this.#waiting.clear()
    this.#later.clear()
    this.#ready.clear()
    await Promise.all(this.#running.values())
  }

  #queue(entry: Entry): void {
    if (entry.at > this.#clock.monotonic()) {
      this.#later.push(entry)
      this.#arm()
    } else {
      this.#ready.push(entry)
      this.#turn.ask()
    }
  }

  /** Sets the timer for the earliest key that is not due yet. */
  #arm(): void {
    let first = this.#later.peek()
    while (first !== undefined && !this.#isCurrent(first)) {
      this.#later.pop()
      first = this.#later.peek()
    }
    if (first === undefined || (this.#timer !== undefined && this.#timer.at <= first.at)) return
    this.#timer?.cancel()
    const fire = (): void => {
      this.#timer = undefined
      this.#pump()
    }
    // Time goes on between two looks at the clock: what was to come a moment ago may be over.
    const left = Math.max(0, first.at - this.#clock.monotonic())
    const cancel = this.#clock.after(left, fire)
    this.#timer = { at: first.at, cancel }
  }

  #pump(): void {
    const now = this.#clock.monotonic()
    const later = this.#later
    for (let due = later.peek(); due !== undefined && due.at <= now; due = later.peek()) {
      later.pop()
      this.#ready.push(due)
    }
    this.#arm()
    while (this.#running.size < this.#workers && this.#turn.mayStart()) {
      const next = this.#ready.pop()
      if (next === undefined) return
      if (this.#isCurrent(next)) this.#start(next)
    }
  }

  #isCurrent(entry: Entry): boolean {
    return this.#waiting.get(entry.key) === entry
  }

  #start(entry: Entry): void {
    const { key } = entry
    const ended = Promise.withResolvers<void>()
    // Noted before the work begins, which may ask for its own key at once.
    this.#running.set(key, ended.promise)
    this.#waiting.delete(key)
    this.#turn.started()
    void this.#attempts.perform(key).then((outcome) => {
      this.#finish(entry, outcome)
      ended.resolve()
    })
  }

  #finish({ key, at, rank }: Entry, { again, failed }: Outcome): void {
    this.#running.delete(key)
    const meanwhile = this.#waiting.get(key)
    if (meanwhile !== undefined) this.#queue(meanwhile)
    if (again !== undefined) this.add(key, { afterMs: again, low: failed && rank > at })
    this.#turn.ask()
  }
}

type Outcome = { readonly again: LookAgain; readonly failed: boolean }

type Attempts = {
  /** One pass over a key, and what follows from its end. Never rejects. */
  readonly perform: (key: string) => Promise<Outcome>
  /** Keys whose last pass failed. */
  readonly failing: () => number
  readonly forget: (key: string) => void
}

function attempts({ clock, reconcile, onError, retry = {} }: WorkQueueOptions): Attempts {
  const { firstMs = 5, mostMs = 1_000_000 } = retry
  const failures = new Map<string, number>()
  const budget = retryBudget(clock, retry)
  const perform = async (key: string): Promise<Outcome> => {
    try {
      const again = await reconcile(key)
      failures.delete(key)
      return { again, failed: false }
    } catch (error) {
      const times = (failures.get(key) ?? 0) + 1
      failures.set(key, times)
      const ownMs = Math.min(mostMs, firstMs * 2 ** Math.min(times - 1, 40))
      const again = Math.max(ownMs, budget())
      onError(key, error, again, times)
      return { again, failed: true }
    }
  }
  return { perform, failing: () => failures.size, forget: (key) => failures.delete(key) }
}

/** How long the next retry of any key has to wait, in ms; asking for it takes its place. */
function retryBudget(clock: Clock, { perSecond = 10, burst = 100 }: RetryRules): () => number {
  const rate = { perSecond, burst }
  let until = unspent
  return () => {
    const now = clock.monotonic()
    until = spent(until, 1, now, rate)
    return tooEarly(until, now, rate)
  }
}

type Turn = {
  /**
   * Calls back at the end of the turn, so that the events of one moment count as one; after many
   * starts, only once the thread has been free for a moment.
   */
  readonly ask: () => void
  readonly started: () => void
  readonly mayStart: () => boolean
  readonly cancel: () => void
}

function turnOf(clock: Clock, callback: () => void): Turn {
  let isAsked = false
  let isCancelled = false
  let starts = 0
  let yielding: Cancel | undefined
  return {
    ask: () => {
      if (isAsked || yielding !== undefined) return
      isAsked = true
      queueMicrotask(() => {
        isAsked = false
        if (!isCancelled) callback()
      })
    },
    started: () => {
      starts += 1
      if (starts < startsBetweenYields) return
      yielding = clock.after(0, () => {
        starts = 0
        yielding = undefined
        callback()
      })
    },
    mayStart: () => yielding === undefined && !isCancelled,
    cancel: () => {
      isCancelled = true
      yielding?.()
    },
  }
}
