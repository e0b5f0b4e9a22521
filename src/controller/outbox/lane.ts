/**
 * The way to one sink: letters of one release in their order, several releases at once, each retried with growing
 * pauses for as long as it takes. A sink in trouble is asked by one letter at a time, and left alone in between, so
 * that ten thousand waiting releases are no storm on it.
 */
import { type Backoff, backoff } from '#kube/backoff.ts'
import type { Ports } from '#kube/ports.ts'
import type { Attempt, Outcome } from './sink.ts'

export type Letter = {
  /** The release; its letters keep their order. */
  readonly key: string
  readonly attempt: Attempt
  /** Called once: there is nothing more to try. */
  readonly done: (outcome: Exclude<Outcome, { kind: 'later' }>) => void
}

export type LaneOptions = {
  readonly ports: Ports
  /** Attempts under way at once. */
  readonly atOnce: number
  /** Letters that wait or are under way; more are not taken. Default 4096. */
  readonly most?: number
  /** Asked before each attempt; false while another process may be telling. */
  readonly may: () => boolean
  /** Told of every attempt that has to be repeated, with how many have failed in a row. */
  readonly onTrouble?: (why: string, failures: number) => void
  readonly onRecovery?: () => void
}

export type Lane = {
  readonly room: () => number
  readonly size: () => number
  readonly take: (letter: Letter) => void
  /** Forgets what waits; what is under way ends without a word. */
  readonly clear: () => void
}

type Job = Letter & { dueAt: number; pace: Backoff | undefined }

const mostLetters = 4096
/** The shortest and longest time that a sink in trouble is left alone, whoever else waits. */
const restMs = { first: 250, most: 5000 } as const
/** A receiver may ask for more patience, but not for an hour. */
const mostAskedMs = 120_000

export function lane(options: LaneOptions): Lane {
  const { clock } = options.ports
  let jobs: Job[] = []
  const busy = new Map<string, Job>()
  let restUntil = Number.NEGATIVE_INFINITY
  let failures = 0
  let gone: Extract<Outcome, { kind: 'gone' }> | undefined
  let cancel = (): void => undefined

  const pump = (): void => {
    cancel()
    const now = clock.monotonic()
    const limit = failures > 0 ? 1 : options.atOnce
    while (now >= restUntil && busy.size < limit && options.may()) {
      const job = nextOf(jobs, busy, now)
      if (job === undefined) break
      busy.set(job.key, job)
      void run(job)
    }
    const wakeAt = Math.max(restUntil, earliestOf(jobs, busy))
    if (busy.size < limit && wakeAt < Infinity)
      cancel = clock.after(Math.max(wakeAt - now, options.may() ? 0 : restMs.most), pump)
  }

  const run = async (job: Job): Promise<void> => {
    const outcome = await job.attempt().catch(unforeseen)
    // Cleared meanwhile: whoever comes next tells it again.
    if (busy.get(job.key) !== job) return
    busy.delete(job.key)
    settle(job, outcome)
    pump()
  }

  const settle = (job: Job, outcome: Outcome): void => {
    if (outcome.kind === 'later') return postpone(job, outcome)
    if (failures > 0) options.onRecovery?.()
    failures = 0
    if (outcome.kind === 'gone') return close(outcome)
    jobs = jobs.filter((one) => one !== job)
    job.done(outcome)
  }

  const postpone = (job: Job, { why, afterMs }: Extract<Outcome, { kind: 'later' }>): void => {
    failures += 1
    const asked = Math.min(afterMs ?? 0, mostAskedMs)
    const rest = Math.min(restMs.most, restMs.first * 2 ** Math.min(failures - 1, 10))
    job.pace ??= backoff(options.ports)
    job.dueAt = clock.monotonic() + job.pace.next(afterMs)
    restUntil = Math.max(restUntil, clock.monotonic() + Math.max(asked, rest))
    options.onTrouble?.(why, failures)
  }

  const close = (outcome: Extract<Outcome, { kind: 'gone' }>): void => {
    gone = outcome
    const left = jobs
    jobs = []
    busy.clear()
    for (const job of left) job.done(outcome)
  }

  return {
    room: () => (options.most ?? mostLetters) - jobs.length,
    size: () => jobs.length,
    take: (letter) => {
      if (gone !== undefined) return letter.done(gone)
      jobs.push({ ...letter, dueAt: clock.monotonic(), pace: undefined })
      pump()
    },
    clear: () => {
      cancel()
      jobs = []
      busy.clear()
      failures = 0
      restUntil = Number.NEGATIVE_INFINITY
    },
  }
}

function unforeseen(error: unknown): Outcome {
  return { kind: 'later', why: error instanceof Error ? error.message : 'the attempt failed' }
}

/** The first letter that is due, has none of its release before it, and none under way. */
function nextOf(
  jobs: readonly Job[],
  busy: ReadonlyMap<string, Job>,
  now: number,
): Job | undefined {
  const passed = new Set(busy.keys())
  for (const job of jobs) {
    if (passed.has(job.key)) continue
    if (job.dueAt <= now) return job
    passed.add(job.key)
  }
  return undefined
}

function earliestOf(jobs: readonly Job[], busy: ReadonlyMap<string, Job>): number {
  const passed = new Set(busy.keys())
  let earliest = Infinity
  for (const job of jobs) {
    if (passed.has(job.key)) continue
    passed.add(job.key)
    earliest = Math.min(earliest, job.dueAt)
  }
  return earliest
}
