/**
 * Leadership by a Lease, as client-go does it: 15 s of validity, given up after 10 s without a
 * renewal, attempts 2 s apart.
 *
 * Whether another holder is alive is decided by locally observed change on our monotonic clock,
 * never by the time written in the lease, so a wrong wall clock makes no second leader. A lease is
 * no fence: a process may sleep between checking and writing. Hence `isLeader()` right before every
 * write, and a version precondition on the write itself.
 *
 * A leader renews every 3 s. A standby watches the lease and asks nothing while it is renewed.
 */
import type { Cluster } from './cluster.ts'
import { isKube } from './errors.ts'
import { type LeaseLane, leaseLane } from './lease-lane.ts'
import { holderOf, type Lease, releasedLease, takenLease } from './lease-record.ts'
import { type LeaseView, leaseView } from './lease-view.ts'
import { sleep } from './ports.ts'

export type LeadOptions = {
  readonly namespace: string
  readonly name: string
  /** Different for every process; `HOST_UUID` is usual. */
  readonly identity: string
  /** Default 15 s. */
  readonly durationMs?: number
  /** Default 10 s; less than the duration. */
  readonly renewDeadlineMs?: number
  /** Between attempts that did not succeed. Default 2 s. */
  readonly retryMs?: number
  /** Between renewals that did. Default 3 s. */
  readonly renewEveryMs?: number
  readonly onGain?: () => void
  /** Called once for each gain, when leadership ends for whatever reason, `stop` included. */
  readonly onLoss?: (why: string) => void
  readonly onProblem?: (error: Error) => void
}

export type Leadership = {
  /**
   * The self-fence: whether the last renewal was sent less than the renew deadline ago. Ask right
   * before each write; it needs no timer to be true, so it holds after a frozen process thaws.
   */
  readonly isLeader: () => boolean
  /** Who held the lease when we last looked; empty for nobody. */
  readonly holder: () => string
  /** Ends the attempts, gives the lease back if we hold it, and resolves when both are done. */
  readonly stop: () => Promise<void>
}

/** Begins to stand for leadership at once. */
export function lead(cluster: Cluster, options: LeadOptions): Leadership {
  const { clock } = cluster.ports
  const { durationMs = 15_000, renewDeadlineMs = 10_000 } = options
  const view = leaseView(clock, options.identity, durationMs)
  const lane = leaseLane(cluster, options, renewDeadlineMs / 2)
  const office = officeOf(cluster, options, renewDeadlineMs)
  const stopping = new AbortController()
  const tryOnce = attempts({ cluster, options, view, lane, office, stopping: stopping.signal })
  const done = campaign(
    { cluster, options, view, lane, office, stopping: stopping.signal },
    tryOnce,
  )

  return {
    isLeader: office.isHeld,
    holder: () => {
      const last = view.last()
      return last === undefined ? '' : holderOf(last)
    },
    stop: async () => {
      stopping.abort()
      await done
      const held = office.isHeld() ? view.last() : undefined
      // Told first, so that nothing of ours is written once another may begin.
      office.leave('stopped')
      if (held === undefined) return
      await lane.write(releasedLease(held, clock.now()), false).catch(() => undefined)
    },
  }
}

type Parts = {
  readonly cluster: Cluster
  readonly options: LeadOptions
  readonly view: LeaseView
  readonly lane: LeaseLane
  readonly office: Office
  readonly stopping: AbortSignal
}

type Office = {
  /** Leading, by the self-fence. */
  readonly isHeld: () => boolean
  /** Takes or keeps office, by a renewal that was sent at this monotonic time. */
  readonly hold: (sentAt: number) => void
  readonly leave: (why: string) => void
}

/** Who is told when leadership begins and ends, and the timer that ends it. */
function officeOf({ ports }: Cluster, options: LeadOptions, renewDeadlineMs: number): Office {
  const { clock } = ports
  let renewedAt = Number.NEGATIVE_INFINITY
  let leading = false
  let cancelDeadline = (): void => undefined

  const tell = (callback: () => void): void => {
    try {
      callback()
    } catch (error) {
      options.onProblem?.(asError(error))
    }
  }
  const leave = (why: string): void => {
    cancelDeadline()
    if (!leading) return
    leading = false
    tell(() => options.onLoss?.(why))
  }
  const hold = (sentAt: number): void => {
    renewedAt = sentAt
    cancelDeadline()
    const late = (): void => leave(`the lease was not renewed for ${renewDeadlineMs / 1000} s`)
    const leftMs = sentAt + renewDeadlineMs - clock.monotonic()
    if (leftMs <= 0) return late()
    cancelDeadline = clock.after(leftMs, late)
    if (leading) return
    leading = true
    tell(() => options.onGain?.())
  }
  return {
    isHeld: () => leading && clock.monotonic() - renewedAt < renewDeadlineMs,
    hold,
    leave,
  }
}

/** One attempt to take or renew the lease; whether it is ours now. Never rejects. */
function attempts(parts: Parts): () => Promise<boolean> {
  const { cluster, options, view, lane, office, stopping } = parts
  const { clock } = cluster.ports
  const own = { ...options, durationMs: options.durationMs ?? 15_000 }

  const look = async (): Promise<Lease | undefined> => {
    const lease = await lane.read()
    view.observe(lease)
    return lease
  }
  const write = async (last: Lease | undefined): Promise<boolean> => {
    if (last !== undefined && view.remainingMs() > 0) {
      office.leave(`${holderOf(last)} holds the lease`)
      return false
    }
    if (stopping.aborted) return false
    // Counted from before the request: the server may take it at any moment from here on.
    const sentAt = clock.monotonic()
    view.observe(await lane.write(takenLease(last, own, clock.now()), last === undefined))
    office.hold(sentAt)
    return office.isHeld()
  }
  const attempt = async (): Promise<boolean> => {
    try {
      // A leader knows the lease as it last wrote it; everyone else looks first.
      return await write(office.isHeld() ? view.last() : await look())
    } catch (error) {
      if (!isKube(error, 'Conflict', 'NotFound', 'AlreadyExists')) throw error
      // Someone wrote in between, or the answer to our own last write was lost.
      return write(await look())
    }
  }
  return async () => {
    try {
      return await attempt()
    } catch (error) {
      if (!stopping.aborted) options.onProblem?.(asError(error))
      return false
    }
  }
}

/** Attempts when there is something to attempt, and waits exactly as long as there is not. */
async function campaign(parts: Parts, tryOnce: () => Promise<boolean>): Promise<void> {
  const { cluster, options, view, lane, office, stopping } = parts
  const { clock, random } = cluster.ports
  const { retryMs = 2_000, renewEveryMs = 3_000 } = options
  let wake = (): void => undefined
  const watched = lane.watch()
  const isBlind = (): boolean => !watched.isSynced() || watched.trouble() !== undefined
  const stopWatching = watched.subscribe((change) => {
    view.hear(change.type === 'put' ? change.now : undefined)
    if (!office.isHeld() && view.remainingMs() === 0) wake()
  })
  const pause = async (delayMs: number): Promise<void> => {
    const waking = new AbortController()
    wake = () => waking.abort()
    stopping.addEventListener('abort', wake, { once: true })
    await sleep(clock, delayMs, waking.signal)
    stopping.removeEventListener('abort', wake)
  }

  while (!stopping.aborted) {
    // Without a working watch the lease is read at every turn.
    const isDue = office.isHeld() || view.remainingMs() === 0 || isBlind()
    const isOurs = isDue && (await tryOnce())
    if (stopping.aborted) break
    const leftMs = view.remainingMs()
    // Standbys that all lost the same race do not run the next one in step.
    const retry = retryMs * (0.8 + 0.2 * random())
    await pause(isOurs ? renewEveryMs : leftMs > 0 ? Math.min(leftMs, retry) : retry)
  }
  stopWatching()
  await watched.stop()
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
