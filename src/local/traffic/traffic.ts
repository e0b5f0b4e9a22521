/**
 * Steady HTTP requests, counted the way a release is judged: a request is dropped when it gets no complete answer within
 * five seconds, is refused or reset, or is answered 5xx by somebody else than a pod. It never retries, and opens a fresh
 * connection for every second request.
 */
import { Agent, request } from 'undici'
import type { Cancel, Clock } from '#kube/ports.ts'

export type TrafficOptions = {
  readonly url: string
  /** Sent as Host. */
  readonly host?: string
  readonly perSecond: number
  /** Ends by itself after so many. */
  readonly limit?: number
  /** At most so many under way at a time; what is due beyond waits, so that a slow moment brings no burst. */
  readonly atOnce?: number
  /** Hears the version of each answer of a pod. */
  readonly heard?: (version: string) => void
  readonly clock: Clock
}

export type TrafficCounts = {
  readonly requests: number
  readonly dropped: number
  /** 5xx that a pod itself answered. */
  readonly errorsServed: number
  /** Answers by the version that gave them. */
  readonly versions: Readonly<Record<string, number>>
  /** What the first dropped ones met. */
  readonly drops: readonly string[]
}

export type Traffic = {
  readonly counts: () => TrafficCounts
  /** Resolves once the limit is reached and every answer is in. */
  readonly done: Promise<TrafficCounts>
  /** Stops asking and awaits what is under way. */
  readonly stop: () => Promise<TrafficCounts>
}

const completeWithinMs = 5000
const dropsKept = 10
const tickMs = 10

export function startTraffic(options: TrafficOptions): Traffic {
  const { clock, perSecond, limit = Infinity, atOnce = Infinity } = options
  const tally = new Tally()
  const agent = new Agent({ connections: 64, pipelining: 1 })
  const underWay = new Set<Promise<void>>()
  const startedAt = clock.monotonic()
  let sent = 0
  let cancel: Cancel | undefined
  let ended = false
  let finish: (counts: TrafficCounts) => void = () => {}
  const done = new Promise<TrafficCounts>((resolve) => {
    finish = resolve
  })

  const end = async (): Promise<TrafficCounts> => {
    ended = true
    cancel?.()
    await Promise.all(underWay)
    await agent.close()
    finish(tally.counts())
    return tally.counts()
  }
  // Requests leave by the clock, not when the one before is answered: a slow system gets no fewer of them.
  const tick = (): void => {
    if (ended) return
    const due = Math.min(limit, Math.floor(((clock.monotonic() - startedAt) * perSecond) / 1000))
    for (; sent < due && underWay.size < atOnce; sent += 1) {
      const one = ask(options, agent, sent % 2 === 1, tally).finally(() => underWay.delete(one))
      underWay.add(one)
    }
    if (sent >= limit) void end()
    else cancel = clock.after(tickMs, tick)
  }
  tick()
  return { counts: () => tally.counts(), done, stop: () => (ended ? done : end()) }
}

class Tally {
  #requests = 0
  #dropped = 0
  #errorsServed = 0
  readonly #versions: Record<string, number> = {}
  readonly #drops: string[] = []

  answered(status: number, version: string | undefined): void {
    this.#requests += 1
    if (version === undefined && status >= 500) return this.#drop(`answered ${status} by no pod`)
    if (version === undefined) return
    this.#versions[version] = (this.#versions[version] ?? 0) + 1
    if (status >= 500) this.#errorsServed += 1
  }

  failed(message: string): void {
    this.#requests += 1
    this.#drop(message)
  }

  #drop(message: string): void {
    this.#dropped += 1
    if (this.#drops.length < dropsKept) this.#drops.push(message)
  }

  counts(): TrafficCounts {
    return {
      requests: this.#requests,
      dropped: this.#dropped,
      errorsServed: this.#errorsServed,
      versions: { ...this.#versions },
      drops: [...this.#drops],
    }
  }
}

async function ask(
  options: TrafficOptions,
  agent: Agent,
  fresh: boolean,
  tally: Tally,
): Promise<void> {
  const dispatcher = fresh ? new Agent({ connections: 1, pipelining: 1 }) : agent
  try {
    const { statusCode, headers, body } = await request(options.url, {
      dispatcher,
      signal: AbortSignal.timeout(completeWithinMs),
      ...(options.host === undefined ? {} : { headers: { host: options.host } }),
    })
    await body.dump({ limit: 1024 * 1024 })
    const version = headers['x-version']
    const said = typeof version === 'string' ? version : undefined
    if (said !== undefined) options.heard?.(said)
    tally.answered(statusCode, said)
  } catch (error) {
    tally.failed(error instanceof Error ? `${error.name}: ${error.message}` : 'failed')
  } finally {
    if (fresh) await dispatcher.close().catch(() => {})
  }
}
