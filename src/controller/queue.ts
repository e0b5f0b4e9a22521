/**
 * The work queue: keys with the instant at which each is due. A key is never worked on twice at once; being asked for
 * again meanwhile makes it due again afterwards. One timer serves all, set for the earliest key.
 */
import type { Cancel, Clock } from '#kube/ports.ts'

export type Queue = {
  /** Makes a key due at an instant of `clock.now()`; an earlier one that is known already stands. */
  readonly add: (key: string, at?: number) => void
  /** Forgets a key, unless it is being worked on. */
  readonly drop: (key: string) => void
  readonly depth: () => number
  /** Ends; resolves when the work under way is done. */
  readonly stop: () => Promise<void>
}

export type QueueOptions = {
  readonly clock: Clock
  /** Works on a key; returns when to look again, if at all. What it throws is handed to `failed`. */
  readonly work: (key: string) => Promise<number | undefined>
  /** Returns when to try a key again that failed so many times in a row. */
  readonly failed: (key: string, error: unknown, times: number) => number
  /** Keys worked on at the same time. */
  readonly workers: number
}

export function workQueue({ clock, work, failed, workers }: QueueOptions): Queue {
  const due = new Map<string, number>()
  const running = new Map<string, Promise<void>>()
  const failures = new Map<string, number>()
  let timer: { readonly at: number; readonly cancel: Cancel } | undefined
  let stopped = false

  function add(key: string, at = clock.now()): void {
    const known = due.get(key)
    if (stopped || (known !== undefined && known <= at)) return
    due.set(key, at)
    arm()
  }

  function arm(): void {
    if (stopped || running.size >= workers) return
    let earliest = Infinity
    for (const [key, at] of due) if (at < earliest && !running.has(key)) earliest = at
    if (earliest === Infinity || (timer !== undefined && timer.at <= earliest)) return
    timer?.cancel()
    timer = { at: earliest, cancel: clock.after(Math.max(0, earliest - clock.now()), fire) }
  }

  function fire(): void {
    timer = undefined
    const now = clock.now()
    const ready = [...due].filter(([key, at]) => at <= now && !running.has(key))
    ready.sort(([, one], [, other]) => one - other)
    for (const [key] of ready.slice(0, workers - running.size)) start(key)
    arm()
  }

  function start(key: string): void {
    due.delete(key)
    const done = attempt(key).then((next) => {
      running.delete(key)
      if (next !== undefined) add(key, next)
      arm()
    })
    running.set(key, done)
  }

  async function attempt(key: string): Promise<number | undefined> {
    try {
      const next = await work(key)
      failures.delete(key)
      return next
    } catch (error) {
      const times = (failures.get(key) ?? 0) + 1
      failures.set(key, times)
      return failed(key, error, times)
    }
  }

  return {
    add,
    drop: (key) => {
      due.delete(key)
      failures.delete(key)
    },
    depth: () => due.size,
    stop: async () => {
      stopped = true
      timer?.cancel()
      due.clear()
      await Promise.all(running.values())
    },
  }
}
