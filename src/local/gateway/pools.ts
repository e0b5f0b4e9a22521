/**
 * Connections to pods, one pool each. Once a pod is no longer offered, its idle connections are closed and busy ones are
 * closed when their answer is complete; nothing in flight is cut.
 */
import { Agent } from 'node:http'
import type { Clock } from '#kube/ports.ts'
import type { Upstream } from './endpoints.ts'
import { openSession, type Session } from './exchange-h2.ts'

export type Pools = {
  readonly agentFor: (upstream: Upstream) => Agent
  /** One HTTP/2 connection carries all streams to a pod. */
  readonly sessionFor: (upstream: Upstream, connectMs: number) => Session
  /** For requests that cannot be repeated: a connection of their own is never closed by the pod while idle. */
  readonly oneShot: Agent
  readonly retireUnless: (isOffered: (upstreamId: string) => boolean) => void
  readonly close: () => void
}

export function connectionPools(clock: Clock): Pools {
  const pools = new Map<string, Agent>()
  const sessions = new Map<string, Session>()
  const oneShot = new Agent({ keepAlive: false })
  return {
    oneShot,
    agentFor: ({ id }) => {
      const known = pools.get(id)
      if (known !== undefined) return known
      const made = new Agent({ keepAlive: true, maxFreeSockets: 256 })
      pools.set(id, made)
      return made
    },
    sessionFor: (upstream, connectMs) => {
      const { id } = upstream
      const known = sessions.get(id)
      if (known !== undefined) return known
      const made = openSession(clock, upstream, connectMs)
      const forget = (): void => {
        if (sessions.get(id) === made) sessions.delete(id)
      }
      // A pod that says goodbye finishes its streams and takes no new ones.
      made.session.once('goaway', forget)
      made.session.once('close', forget)
      sessions.set(id, made)
      return made
    },
    retireUnless: (isOffered) => {
      for (const [id, agent] of pools) {
        if (isOffered(id)) continue
        pools.delete(id)
        retire(agent)
      }
      for (const [id, { session }] of sessions) {
        if (isOffered(id)) continue
        sessions.delete(id)
        session.close()
      }
    },
    close: () => {
      for (const agent of [...pools.values(), oneShot]) agent.destroy()
      for (const { session } of sessions.values()) session.destroy()
      pools.clear()
      sessions.clear()
    },
  }
}

// Not agent.destroy(): that would cut the sockets in use as well.
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of [...(sockets ?? [])]) socket.destroy()
  }
}
