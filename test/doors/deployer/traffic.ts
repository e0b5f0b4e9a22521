/** Requests through the gateway at a steady pace, counted by who answered; the client never retries (decision 32). */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Agent, request } from 'undici'

export type Counted = {
  /** Answers by the version that gave them: `x-version` of the sample app. */
  readonly versions: Readonly<Record<string, number>>
  /** No complete answer in 5 s, refused, reset, or a 5xx of nobody's. */
  readonly dropped: readonly string[]
  readonly requests: number
  /** The longest that this process could do nothing at all, milliseconds: what a machine alone can be blamed for. */
  readonly stalledMs: number
}

export type Load = {
  readonly counted: () => Counted
  readonly stop: () => Promise<Counted>
}

/** `lanes` clients, each asking anew as soon as it is answered; every second request over a fresh connection. */
export function load(gateway: string, host: string, lanes = 8): Load {
  const kept = new Agent({ connections: lanes })
  const versions: Record<string, number> = {}
  const dropped: string[] = []
  let requests = 0
  let isOver = false
  const started = performance.now()
  const once = async (fresh: boolean): Promise<void> => {
    requests += 1
    try {
      const { statusCode, headers, body } = await request(`${gateway}/hello`, {
        headers: { host, ...(fresh ? { connection: 'close' } : {}) },
        dispatcher: kept,
        signal: AbortSignal.timeout(5000),
      })
      await body.dump()
      const version = headers['x-version']
      if (typeof version === 'string') versions[version] = (versions[version] ?? 0) + 1
      else dropped.push(`status ${statusCode} of nobody`)
    } catch (error) {
      const at = Math.round((performance.now() - started) / 100) / 10
      dropped.push(`after ${at} s: ${String(error)}`)
    }
  }
  const running = Array.from({ length: lanes }, async (_, lane) => {
    while (!isOver) await once((requests + lane) % 2 === 0)
  })
  const stalls = monitorEventLoopDelay({ resolution: 10 })
  stalls.enable()
  const counted = (): Counted => ({
    versions: { ...versions },
    dropped: [...dropped],
    requests,
    stalledMs: Math.round(stalls.max / 1e6),
  })
  return {
    counted,
    stop: async () => {
      isOver = true
      await Promise.all(running)
      stalls.disable()
      await kept.close()
      return counted()
    },
  }
}

/** One request; the version that answered, or the status. */
export async function versionAt(gateway: string, host: string): Promise<string> {
  const { statusCode, headers, body } = await request(`${gateway}/hello`, { headers: { host } })
  await body.dump()
  return String(headers['x-version'] ?? statusCode)
}
