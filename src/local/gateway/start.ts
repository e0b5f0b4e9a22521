/** The gateway of the local cluster: an ordinary API client with an HTTP port that carries real traffic. */
import type { Gateway, GatewayClass, HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Ports } from '#kube/ports.ts'
import { type StandIn, standInRange } from './addresses.ts'
import { balancer, type Split } from './balance.ts'
import { startControl } from './control.ts'
import { endpointIndex } from './endpoints.ts'
import { listenOnLoopback } from './listen.ts'
import { gatewayMetrics } from './metrics.ts'
import { type EndpointSlice, trimPod, trimService } from './objects.ts'
import { connectionPools } from './pools.ts'
import { serve } from './proxy.ts'

export const controllerName = 'headgate.dev/local-gateway'

export type GatewayOptions = {
  /** Default 8088; a free one where it is taken. */
  readonly port?: number
  /** Port for `/metrics`. Default: a free one. */
  readonly adminPort?: number
  /** How long the data plane lags behind its status, milliseconds. Default 100. */
  readonly followDelayMs?: number
  /** Default `random`. */
  readonly split?: Split
  readonly standIn?: StandIn
  /** Told of what fails and is tried again. Default: nobody. */
  readonly report?: (error: unknown) => void
}

export type LocalGateway = {
  readonly port: number
  readonly url: string
  readonly metricsUrl: string
  readonly metrics: () => string
  readonly setFollowDelay: (ms: number) => void
  /** Ends when the requests in flight have their answers. */
  readonly stop: () => Promise<void>
}

/** Resolves once it listens and knows the cluster's objects; statuses and traffic follow. */
export async function startGateway(
  cluster: Cluster,
  ports: Ports,
  options: GatewayOptions = {},
): Promise<LocalGateway> {
  const caches = watchAll(cluster)
  const endpoints = endpointIndex(caches, options.standIn ?? standInRange)
  const pools = connectionPools()
  // Changes arrive in crowds when many pods change; one look afterwards is enough.
  let due = false
  endpoints.subscribe(() => {
    if (due) return
    due = true
    queueMicrotask(() => {
      due = false
      pools.retireUnless(endpoints.isOffered)
    })
  })
  const metrics = gatewayMetrics()

  let control: ReturnType<typeof startControl> | undefined
  const parts = {
    clock: ports.clock,
    table: () => control?.table() ?? { hosts: new Map() },
    endpoints,
    balancer: balancer(options.split ?? 'random', ports.random),
    pools,
    metrics,
  }
  const proxy = await listenOnLoopback(
    (incoming, response) => void serve(parts, incoming, response),
    options.port ?? 8088,
  )
  const admin = await listenOnLoopback((incoming, response) => {
    const known = incoming.url === '/metrics'
    response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' })
    response.end(known ? metrics.text() : 'only /metrics is here\n')
  }, options.adminPort ?? 0)
  await Promise.all(Object.values(caches).map((cache) => cache.synced()))
  control = startControl(cluster, ports, caches, {
    controllerName,
    address: '127.0.0.1',
    followDelayMs: options.followDelayMs ?? 100,
    report: options.report ?? (() => undefined),
  })
  const { stop: stopControl, setFollowDelay } = control

  return {
    port: proxy.port,
    url: `http://127.0.0.1:${proxy.port}`,
    metricsUrl: `http://127.0.0.1:${admin.port}/metrics`,
    metrics: metrics.text,
    setFollowDelay,
    stop: async () => {
      await Promise.all([stopControl(), proxy.close(), admin.close()])
      await Promise.all(Object.values(caches).map((cache) => cache.stop()))
      pools.close()
    },
  }
}

function watchAll(cluster: Cluster) {
  return {
    classes: cluster.watch<GatewayClass>(kinds.gatewayClass),
    gateways: cluster.watch<Gateway>(kinds.gateway),
    routes: cluster.watch<HttpRoute>(kinds.httpRoute),
    namespaces: cluster.watch(kinds.namespace),
    services: cluster.watch(kinds.service, { project: trimService }),
    slices: cluster.watch<EndpointSlice>(kinds.endpointSlice),
    pods: cluster.watch(kinds.pod, { project: trimPod }),
  }
}
