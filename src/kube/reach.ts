/**
 * How Headgate reaches pods and names of the cluster: directly in a cluster; through the API
 * server's proxy when it runs from a kubeconfig, where neither names nor pod addresses lead
 * anywhere.
 */
import { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import {
  type AddressRules,
  refuseAddress,
  refuseUrl,
  serviceIn,
  strictRules,
} from './address-guard.ts'
import { type Answer, readBody } from './answer.ts'
import type { Cluster } from './cluster.ts'
import { KubeError } from './errors.ts'
import type { HttpResponse } from './http.ts'
import type { DirectRequest, DirectTls } from './transport.ts'

/** Where a request goes. */
export type Route =
  | { readonly kind: 'direct'; readonly url: string }
  /** A path of the API server. */
  | { readonly kind: 'proxy'; readonly path: string }
  /** Must not be asked; the sentence says why and what to do. */
  | { readonly kind: 'refused'; readonly why: string }

export type Way = 'direct' | 'proxy'

/** The way to a URL such as `http://prometheus.monitoring.svc:9090/api/v1/query?query=up`. Pure. */
export function routeToUrl(text: string, way: Way, rules: AddressRules = strictRules): Route {
  const why = refuseUrl(text, rules)
  if (why !== undefined) return { kind: 'refused', why }
  const url = new URL(text)
  const service = way === 'proxy' ? serviceIn(url.hostname) : undefined
  if (service === undefined) return { kind: 'direct', url: url.href }
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  const scheme = url.protocol === 'https:' ? 'https:' : ''
  const { namespace, name } = service
  const path = `/api/v1/namespaces/${namespace}/services/${scheme}${name}:${port}/proxy${url.pathname}`
  return { kind: 'proxy', path: path + url.search }
}

export type PodTarget = {
  readonly namespace: string
  readonly name: string
  readonly ip: string | undefined
  readonly port: number | string
  /** With query, beginning with a slash. */
  readonly path: string
}

/** The way to a port of a pod. Directly it needs a pod IP and a port number. Pure. */
export function routeToPod(pod: PodTarget, way: Way, rules: AddressRules = strictRules): Route {
  const { namespace, name, ip, port, path } = pod
  if (way === 'proxy') {
    const at = `${encodeURIComponent(name)}:${encodeURIComponent(String(port))}`
    const base = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${at}`
    return { kind: 'proxy', path: `${base}/proxy${path}` }
  }
  if (ip === undefined || ip === '')
    return { kind: 'refused', why: `the pod ${namespace}/${name} has no address yet` }
  const why = refuseAddress(ip, true, rules)
  if (why !== undefined) return { kind: 'refused', why }
  return { kind: 'direct', url: `http://${ip.includes(':') ? `[${ip}]` : ip}:${port}${path}` }
}

export type ReachOptions = {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** For the whole answer. Default 10 s. */
  readonly timeoutMs?: number
  /** After decompression. Default 1 MiB. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  readonly tls?: DirectTls
  /** The request carries credentials, which the API server's proxy must not see. */
  readonly confidential?: boolean
}

export type Reach = {
  readonly way: Way
  /**
   * @throws KubeError: reason Forbidden (code 0) when refused, Timeout or Unreachable when there is
   * no answer.
   */
  readonly url: (url: string, options?: ReachOptions) => Promise<Answer>
  readonly pod: (pod: PodTarget, options?: ReachOptions) => Promise<Answer>
}

export type ReachParts = {
  readonly cluster: Cluster
  readonly way: Way
  readonly rules?: AddressRules
  /** How a direct request is sent; `sendDirect` over sockets. */
  readonly direct: (request: DirectRequest) => Promise<HttpResponse>
}

const defaultTimeoutMs = 10_000
const defaultMaxBytes = 1024 * 1024

export function reachThrough(parts: ReachParts): Reach {
  const { way, rules = strictRules } = parts
  const follow = (route: Route, options: ReachOptions): Promise<Answer> => {
    switch (route.kind) {
      case 'refused':
        return Promise.reject(new KubeError({ reason: 'Forbidden', code: 0, message: route.why }))
      case 'proxy':
        return options.confidential === true
          ? Promise.reject(new KubeError({ reason: 'Forbidden', code: 0, message: notByProxy }))
          : throughProxy(parts.cluster, route.path, options)
      case 'direct':
        return directly(parts, rules, route.url, options)
    }
  }
  return {
    way,
    url: (url, options = {}) => follow(routeToUrl(url, way, rules), options),
    pod: (pod, options = {}) => follow(routeToPod(pod, way, rules), options),
  }
}

const notByProxy =
  "credentials do not travel through the API server's proxy; run the controller in the cluster"

async function throughProxy(
  cluster: Cluster,
  path: string,
  options: ReachOptions,
): Promise<Answer> {
  const { timeoutMs = defaultTimeoutMs, maxBytes = defaultMaxBytes, headers = {} } = options
  const { method, body, signal } = options
  const rest = {
    ...(method === undefined ? {} : { method }),
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  }
  // Identity is asked for, so that the limit counts what there is; the client never decompresses.
  const asked = { 'accept-encoding': 'identity', ...headers }
  const answer = await cluster.raw({ ...rest, path, headers: asked, timeoutMs, maxBytes })
  const encoding = answer.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return answer
  const message = `${path} answered in ${encoding} although none was asked for`
  throw new KubeError({ reason: 'Unknown', code: 0, message })
}

async function directly(
  { cluster, direct }: ReachParts,
  rules: AddressRules,
  url: string,
  options: ReachOptions,
): Promise<Answer> {
  const { method = 'GET', timeoutMs = defaultTimeoutMs, maxBytes = defaultMaxBytes } = options
  const controller = new AbortController()
  const { signal: outer, headers = {}, body } = options
  const cancel = cluster.ports.clock.after(timeoutMs, () =>
    controller.abort(tooSlow(url, timeoutMs)),
  )
  const abandon = (): void => controller.abort(outer?.reason)
  if (outer?.aborted === true) abandon()
  outer?.addEventListener('abort', abandon, { once: true })
  const { signal } = controller
  try {
    const response = await direct({
      url,
      method,
      headers: { 'accept-encoding': 'gzip', ...headers },
      ...(body === undefined ? {} : { body }),
      signal,
      refuse: (address) => refuseAddress(address, true, rules),
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    })
    const text = await readBody(decompressed(response), { maxBytes, signal })
    return { status: response.status, headers: response.headers, body: text }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw error instanceof KubeError ? error : unreachable(url, error)
  } finally {
    cancel()
    outer?.removeEventListener('abort', abandon)
    // Lets go of the connection of an answer that was cut.
    if (!signal.aborted) controller.abort()
  }
}

/** A body as it was before compression, streamed, so that a bomb is cut while it unfolds. */
function decompressed(response: HttpResponse): HttpResponse {
  const encoding = (response.headers['content-encoding'] ?? 'identity').toLowerCase()
  if (encoding === 'identity') return response
  const body = Readable.from(response.body, { objectMode: false })
  return { ...response, body: pipedThrough(body, encoding) }
}

function pipedThrough(body: Readable, encoding: string): Readable {
  const unfold =
    encoding === 'gzip'
      ? createGunzip()
      : encoding === 'br'
        ? createBrotliDecompress()
        : encoding === 'deflate'
          ? createInflate()
          : undefined
  if (unfold === undefined) throw new Error(`the encoding ${encoding} is not understood`)
  body.on('error', (error) => unfold.destroy(error))
  unfold.on('close', () => body.destroy())
  return body.pipe(unfold)
}

function tooSlow(url: string, timeoutMs: number): KubeError {
  const message = `${url} gave no complete answer within ${timeoutMs / 1000} s`
  return new KubeError({ reason: 'Timeout', code: 0, message })
}

function unreachable(url: string, cause: unknown): KubeError {
  const why = cause instanceof Error ? cause.message || cause.name : String(cause)
  const message = `${url} cannot be reached: ${why}`
  return new KubeError({ reason: 'Unreachable', code: 0, message, cause })
}
