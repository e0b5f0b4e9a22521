/** The gateway of the local cluster: an ordinary API client with HTTP ports that carry real traffic. */
import { kinds } from '#core/k8s/kinds.ts'
import { createAuthority } from '#kube/authority.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Ports } from '#kube/ports.ts'
import { type StandIn, standInRange } from './addresses.ts'
import { balancer, type Split } from './balance.ts'
import { startControl } from './control.ts'
import { endpointIndex } from './endpoints.ts'
import { openFront } from './front.ts'
import { listenOnLoopback } from './listen.ts'
import { gatewayMetrics } from './metrics.ts'
import { type EndpointSlice, trimConfigMap, trimPod, trimSecret, trimService } from './objects.ts'
import type { ProxyParts } from './parts.ts'
import { connectionPools } from './pools.ts'
import { serve } from './proxy.ts'
import { sources as families } from './register.ts'
import { serviceEntries } from './services.ts'
import { emptyTable } from './table.ts'

export const controllerName = 'headgate.dev/local-gateway'

export type GatewayOptions = {
  /** Default 8088; a free one where it is taken. */
  readonly port?: number
  /** For TLS. Default 8443, or any where `port` may be any; a free one where it is taken. */
  readonly httpsPort?: number
  /** Port for `/metrics`. Default: a free one. */
  readonly adminPort?: number
  /** How long the data plane lags behind the objects and their status, milliseconds. Default 100. */
  readonly followDelayMs?: number
  /** Default `random`. */
  readonly split?: Split
  readonly standIn?: StandIn
  /** Told of what fails and is tried again. Default: nobody. */
  readonly report?: (error: unknown) => void
}

export type LocalGateway = {
  readonly port: number
  readonly httpsPort: number
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
  const shared = watchShared(cluster, caches)
  const sources = families.map((open) =>
    open({ cluster, shared, controllerName, address: '127.0.0.1' }),
  )
  const everything = [
    ...Object.values(caches),
    ...Object.values(shared),
    ...sources.flatMap((source) => source.caches),
  ]
  const metrics = gatewayMetrics()
  let control: ReturnType<typeof startControl> | undefined
  let ownPorts = { http: 0, https: 0 }
  const parts: ProxyParts = {
    clock: ports.clock,
    random: ports.random,
    table: () => control?.serving().table ?? emptyTable,
    service: serviceEntries(caches.services),
    ownPorts: () => ownPorts,
    endpoints: endpointIndex(caches, options.standIn ?? standInRange),
    balancer: balancer(options.split ?? 'random', ports.random),
    pools: connectionPools(ports.clock),
    metrics,
  }
  retireUnoffered(parts)
  const front = await openFront(
    (asked, reply) => void serve(parts, asked, reply),
    {
      find: (serverName) => control?.serving().certificate(serverName),
      fallback: () => fallbackCertificate(ports),
    },
    {
      httpPort: options.port ?? 8088,
      httpsPort: options.httpsPort ?? (options.port === 0 ? 0 : 8443),
    },
  )
  ownPorts = { http: front.httpPort, https: front.httpsPort }
  const admin = await listenOnLoopback((incoming, response) => {
    const known = incoming.url === '/metrics'
    response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' })
    response.end(known ? metrics.text() : 'only /metrics is here\n')
  }, options.adminPort ?? 0)
  await Promise.all(everything.map((cache) => cache.synced()))
  control = startControl(ports.clock, sources, Object.values(shared), {
    followDelayMs: options.followDelayMs ?? 100,
    report: options.report ?? (() => undefined),
  })
  const { stop: stopControl, setFollowDelay } = control

  return {
    port: front.httpPort,
    httpsPort: front.httpsPort,
    url: `http://127.0.0.1:${front.httpPort}`,
    metricsUrl: `http://127.0.0.1:${admin.port}/metrics`,
    metrics: metrics.text,
    setFollowDelay,
    stop: async () => {
      await Promise.all([stopControl(), front.close(), admin.close()])
      await Promise.all(everything.map((cache) => cache.stop()))
      parts.pools.close()
    },
  }
}

function watchAll(cluster: Cluster) {
  return {
    services: cluster.watch(kinds.service, { project: trimService }),
    slices: cluster.watch<EndpointSlice>(kinds.endpointSlice),
    pods: cluster.watch(kinds.pod, { project: trimPod }),
  }
}

function watchShared(
  cluster: Cluster,
  { services }: Pick<ReturnType<typeof watchAll>, 'services'>,
) {
  return {
    services,
    namespaces: cluster.watch(kinds.namespace),
    secrets: cluster.watch(kinds.secret, { project: trimSecret }),
    configMaps: cluster.watch(kinds.configMap, { project: trimConfigMap }),
  }
}

// Changes arrive in crowds when many pods change; one look afterwards is enough.
function retireUnoffered({ endpoints, pools }: ProxyParts): void {
  let due = false
  endpoints.subscribe(() => {
    if (due) return
    due = true
    queueMicrotask(() => {
      due = false
      pools.retireUnless(endpoints.isOffered)
    })
  })
}

/** For names without a certificate of their own; nobody has reason to trust it. */
async function fallbackCertificate(ports: Ports) {
  const authority = await createAuthority(ports)
  const { certPem, keyPem } = await authority.issue(['localhost'], ['127.0.0.1'])
  return { cert: certPem, key: keyPem }
}
