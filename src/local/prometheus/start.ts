/** The Prometheus endpoint of the local cluster: an ordinary API client that scrapes pods and answers queries. */
import { kinds } from '#core/k8s/kinds.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Ports } from '#kube/ports.ts'
import { parseAddress, type StandIn, standInRange } from '../gateway/addresses.ts'
import { listenOnLoopback } from '../gateway/listen.ts'
import { type EndpointSlice, trimPod, trimService } from '../gateway/objects.ts'
import { evaluate } from './evaluate.ts'
import { prometheusHandler } from './http.ts'
import { parseQuery } from './parse.ts'
import { registerPrometheus } from './register.ts'
import { startScraping } from './scrape.ts'
import { seriesStore } from './store.ts'
import { podTargets, type Target } from './targets.ts'
import type { Value } from './values.ts'

/** A target beside the pods: a URL, or a function that returns the text format. */
export type ExtraTarget = { readonly job: string; readonly metrics: string | (() => string) }

export type PrometheusOptions = {
  /** Default 9090; a free one where it is taken. */
  readonly port?: number
  /** Milliseconds. Default 1000. */
  readonly scrapeIntervalMs?: number
  /** Milliseconds. Default two hours. */
  readonly retentionMs?: number
  readonly extraTargets?: readonly ExtraTarget[]
  readonly standIn?: StandIn
  /** Where the Service `prometheus` is made. Default `monitoring` and `istio-system`. */
  readonly namespaces?: readonly string[]
}

export type LocalPrometheus = {
  readonly port: number
  readonly url: string
  /** Evaluates an instant query. @throws ParseError, ExecutionError */
  readonly query: (query: string, at?: number) => Value
  readonly stop: () => Promise<void>
}

/**
 * Resolves once it listens, knows the cluster's pods and is registered as a Service.
 * @throws Error for a bad extra target; KubeError when the Services cannot be written.
 */
export async function startPrometheus(
  cluster: Cluster,
  ports: Ports,
  options: PrometheusOptions = {},
): Promise<LocalPrometheus> {
  const extra = (options.extraTargets ?? []).map(extraTarget)
  const caches = {
    pods: cluster.watch(kinds.pod, { project: trimPod }),
    slices: cluster.watch<EndpointSlice>(kinds.endpointSlice),
    services: cluster.watch(kinds.service, { project: trimService }),
  }
  const store = seriesStore(options.retentionMs ?? 7_200_000)
  const isReady = (): boolean => Object.values(caches).every((cache) => cache.isSynced())
  const handler = prometheusHandler(store, ports.clock, isReady)
  const listening = await listenOnLoopback(handler, options.port ?? 9090)
  await Promise.all(Object.values(caches).map((cache) => cache.synced()))
  const standIn = options.standIn ?? standInRange
  const scraper = startScraping(store, ports.clock, {
    intervalMs: options.scrapeIntervalMs ?? 1000,
    targets: () => [...podTargets(caches, standIn), ...extra],
  })
  const namespaces = options.namespaces ?? ['monitoring', 'istio-system']
  await registerPrometheus(cluster, namespaces, listening.port)

  return {
    port: listening.port,
    url: `http://127.0.0.1:${listening.port}`,
    query: (query, at) => evaluate(parseQuery(query), store, at ?? ports.clock.now()),
    stop: async () => {
      await Promise.all([scraper.stop(), listening.close()])
      await Promise.all(Object.values(caches).map((cache) => cache.stop()))
    },
  }
}

function extraTarget({ job, metrics }: ExtraTarget): Target {
  if (typeof metrics === 'function') {
    const labels = { job, instance: job }
    return { id: `extra:${job}`, labels, from: { kind: 'function', read: metrics } }
  }
  const url = new URL(metrics)
  const address = parseAddress(url.host)
  if (address === undefined || url.protocol !== 'http:') {
    throw new Error(
      `scrape target ${metrics} is no http URL with a port; write http://HOST:PORT/PATH`,
    )
  }
  const from = { kind: 'http', address, path: `${url.pathname}${url.search}` } as const
  return { id: `extra:${job}:${metrics}`, labels: { job, instance: url.host }, from }
}
