/** A cluster over any transport: sockets, in memory, or one that injects faults. */
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { errorOf, parseBody } from './answer.ts'
import { type CacheStats, type ReportProblem, watchCache } from './cache.ts'
import type { Cluster, WriteOptions } from './cluster.ts'
import { type ExchangeStats, exchangeOver } from './exchange.ts'
import type { HttpRequest, Transport } from './http.ts'
import { readList } from './pages.ts'
import type { Ports } from './ports.ts'
import {
  createRequest,
  getRequest,
  patchRequest,
  removeRequest,
  replaceRequest,
} from './request.ts'

export type ConnectOptions = {
  /** What the server's audit log shows. Default `headgate`. */
  readonly userAgent?: string
  /** Written with every change that names none. Default `headgate`. */
  readonly fieldManager?: string
  /** No single request takes longer, watches aside. Default: as long as each kind of request may take. */
  readonly requestTimeoutMs?: number
  /**
   * Told of every failure that is survived: a watch that broke, a line that made no sense, a
   * listener that threw.
   */
  readonly onProblem?: ReportProblem
}

export type ClusterStats = ExchangeStats & {
  readonly watches: CacheStats & { readonly open: number }
}

/** A cluster that can also say how it is doing. */
export type ConnectedCluster = Cluster & { readonly stats: () => ClusterStats }

const defaultRawBytes = 16 * 1024 * 1024

/**
 * Connects nothing yet: the first request does. Time-outs, back-off and watch deadlines run on
 * `ports.clock`, which over real sockets must be a clock of real speed.
 */
export function connectTo(
  transport: Transport,
  ports: Ports,
  options: ConnectOptions = {},
): ConnectedCluster {
  const { userAgent = 'headgate', fieldManager = 'headgate', onProblem = ignore } = options
  const exchange = exchangeOver(transport, ports, userAgent, options.requestTimeoutMs)
  const caches = new Set<{ readonly stop: () => Promise<void> }>()
  const watchStats = { restarts: 0, relists: 0, malformed: 0, lost: 0, listenerErrors: 0 }

  const perform = async <T>(request: HttpRequest): Promise<T> => {
    const answer = await exchange.send(request, { repeat: true })
    if (answer.status < 200 || answer.status > 299)
      throw errorOf(request, answer, ports.clock.now())
    return parseBody(request, answer.body) as T
  }
  const signed = (write: WriteOptions = {}): WriteOptions => ({ fieldManager, ...write })

  return {
    ports,
    get: async (kind, at) => perform(getRequest(kind, at)),
    list: async <T extends KubeObject>(kind: Kind, list = {}) =>
      readList(
        exchange,
        ports.clock,
        { kind, options: list, rules: { repeat: true } },
        (item) => item as T,
      ),
    create: async (kind, object, write) => perform(createRequest(kind, object, signed(write))),
    replace: async (kind, object, write) => perform(replaceRequest(kind, object, signed(write))),
    patch: async (kind, at, type, body, write) =>
      perform(patchRequest(kind, at, { type, body }, signed(write))),
    remove: async (kind, at, deletion = {}) => {
      await perform(removeRequest(kind, at, deletion))
    },
    raw: ({ method = 'GET', path, headers = {}, body, maxBytes = defaultRawBytes, ...rules }) => {
      const request = { method, path, headers, ...(body === undefined ? {} : { body }) }
      return exchange.send(request, { ...rules, maxBytes, telling: false })
    },
    watch: (kind, watch = {}) => {
      const cache = watchCache(
        {
          exchange,
          ports,
          report: onProblem,
          stats: watchStats,
          ended: () => caches.delete(cache),
        },
        kind,
        watch,
      )
      caches.add(cache)
      return cache
    },
    close: async () => {
      const stopped = [...caches].map((cache) => cache.stop())
      exchange.close()
      await Promise.all(stopped)
      await transport.close()
    },
    stats: () => ({ ...exchange.stats(), watches: { ...watchStats, open: caches.size } }),
  }
}

function ignore(): void {
  // Nobody asked to be told.
}
