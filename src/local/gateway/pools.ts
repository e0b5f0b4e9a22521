/**
 * Keep-alive connections to pods, one pool each. Once a pod is no longer offered, its idle connections are closed and
 * busy ones are closed when their answer is complete; nothing in flight is cut.
 */
import { Agent } from 'node:http'
import type { Upstream } from './endpoints.ts'

export type Pools = {
  readonly agentFor: (upstream: Upstream) => Agent
  /** For requests that cannot be repeated: a connection of their own is never closed by the pod while idle. */
  readonly oneShot: Agent
  readonly retireUnless: (isOffered: (upstreamId: string) => boolean) => void
  readonly close: () => void
}

export function connectionPools(): Pools {
  const pools = new Map<string, Agent>()
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
    retireUnless: (isOffered) => {
      for (const [id, agent] of pools) {
        if (isOffered(id)) continue
        pools.delete(id)
        // Not agent.destroy(): that would cut the sockets in use as well.
        agent.maxFreeSockets = 0
        for (const sockets of Object.values(agent.freeSockets)) {
          for (const socket of [...(sockets ?? [])]) socket.destroy()
        }
      }
    },
    close: () => {
      for (const agent of [...pools.values(), oneShot]) agent.destroy()
      pools.clear()
    },
  }
}
