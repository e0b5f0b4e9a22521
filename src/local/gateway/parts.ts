/** What the data plane works with, and a request on its way through it. */
import type { Clock, Random } from '#kube/ports.ts'
import type { Balancer } from './balance.ts'
import type { Asked, Reply } from './client.ts'
import type { EndpointIndex } from './endpoints.ts'
import type { Effect, OwnPorts } from './filters.ts'
import type { GatewayMetrics } from './metrics.ts'
import type { Pools } from './pools.ts'
import type { BackendRef, Entry, RequestView, Table } from './table.ts'

export type ProxyParts = {
  readonly clock: Clock
  readonly random: Random
  readonly table: () => Table
  /** What a Service asked by its own name serves. */
  readonly service: (host: string, request: RequestView) => Entry | undefined
  readonly ownPorts: () => OwnPorts
  readonly endpoints: EndpointIndex
  readonly balancer: Balancer
  readonly pools: Pools
  readonly metrics: GatewayMetrics
}

/** A request on its way to a backend. */
export type Exchanged = {
  readonly asked: Asked
  readonly view: RequestView
  readonly reply: Reply
  readonly entry: Entry
  readonly backend: BackendRef
  readonly effect: Extract<Effect, { kind: 'forward' }>
  readonly startedAt: number
}
