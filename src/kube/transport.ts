/**
 * The only file that opens a socket. HTTP/1.1 (see docs/decisions: no HTTP/2 until a soak shows it
 * is safe): a pool of at most 16 connections for requests, one connection for the lease, one for
 * each watch. Deadlines are the caller's, by signal; undici's own are off except for connecting.
 */
import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from 'undici'
import type { ClusterConfig, TlsConfig } from './cluster-config.ts'
import { type ClientCertificate, credentialSource, type Proof } from './credentials.ts'
import { KubeError } from './errors.ts'
import type { HttpRequest, HttpResponse, SendOptions, Transport } from './http.ts'
import type { Ports } from './ports.ts'

const poolSize = 16
const connectTimeoutMs = 10_000
/** Under the 60 s after which many load balancers drop an idle connection without a word. */
const keepAliveMs = 50_000

/** A transport over sockets. Connects when the first request is sent. */
export function socketTransport(config: ClusterConfig, ports: Pick<Ports, 'clock'>): Transport {
  const source = credentialSource(config.credentials, ports.clock)
  const { origin, pathname } = new URL(config.server)
  const prefix = pathname.replace(/\/$/, '')
  let lanes: Lanes | undefined
  let closed = false

  const lanesFor = (certificate: ClientCertificate | undefined): Lanes => {
    if (lanes !== undefined && lanes.certificate?.cert === certificate?.cert) return lanes
    // A renewed certificate needs new handshakes; what is under way ends on the old connections.
    void lanes?.close()
    lanes = openLanes(config, certificate)
    return lanes
  }

  const attempt = async (
    request: HttpRequest,
    options: SendOptions,
    proof: Proof,
  ): Promise<HttpResponse> => {
    if (closed) throw unreachable(config, new Error('the transport is closed'))
    const lane = lanesFor(proof.certificate)
    const headers = { ...request.headers, ...config.impersonation, ...authorized(proof) }
    const sent = { ...request, path: prefix + request.path, headers }
    return lane.send(origin, sent, options).catch((cause: unknown) => {
      throw options.signal?.aborted === true ? cause : unreachable(config, cause)
    })
  }

  return {
    send: async (request, options = {}) => {
      const response = await attempt(request, options, await source.current())
      if (response.status !== 401 || !source.renew()) return response
      // Expired between being read and being used, or rotated early: once more with a fresh one.
      await discard(response)
      return attempt(request, options, await source.current())
    },
    close: async () => {
      closed = true
      await lanes?.close()
    },
  }
}

/** As HttpRequest, with headers that may stand several times. */
type SocketRequest = Omit<HttpRequest, 'headers'> & {
  readonly headers: Readonly<Record<string, string | string[]>>
}

type Lanes = {
  readonly certificate: ClientCertificate | undefined
  readonly send: (
    origin: string,
    request: SocketRequest,
    options: SendOptions,
  ) => Promise<HttpResponse>
  readonly close: () => Promise<void>
}

function openLanes(config: ClusterConfig, certificate: ClientCertificate | undefined): Lanes {
  const open = dispatchers(config, certificate)
  const request = open(poolSize)
  const lease = open(1)
  const watches = new Set<Dispatcher>()

  const send: Lanes['send'] = async (origin, wanted, { lane = 'request', signal }) => {
    if (lane !== 'watch')
      return exchange(lane === 'lease' ? lease : request, origin, wanted, signal)
    const own = open(1)
    watches.add(own)
    const finish = (): void => {
      watches.delete(own)
      own.destroy().catch(() => undefined)
    }
    // Also when nobody ever reads the body.
    signal?.addEventListener('abort', finish, { once: true })
    const response = await exchange(own, origin, wanted, signal).catch((error: unknown) => {
      finish()
      throw error
    })
    return { ...response, body: thenFinish(response.body, finish) }
  }

  const close = async (): Promise<void> => {
    const all = [...watches].map((watch) => watch.destroy())
    await Promise.all([...all, request.destroy(), lease.destroy()])
  }
  return { certificate, send, close }
}

/**
 * All connections share one connector, and with it the TLS sessions that make the second handshake
 * cheap.
 */
function dispatchers(
  config: ClusterConfig,
  certificate: ClientCertificate | undefined,
): (connections: number) => Dispatcher {
  const tls = tlsOptions(config.tls, certificate)
  const common = {
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
  }
  const { proxyUrl } = config
  if (proxyUrl !== undefined) {
    const options = { ...common, uri: proxyUrl, requestTls: tls, connectTimeout: connectTimeoutMs }
    return (connections) => new ProxyAgent({ ...options, connections })
  }
  const connect = buildConnector({ ...tls, allowH2: false, timeout: connectTimeoutMs })
  return (connections) => new Agent({ ...common, connections, connect })
}

function tlsOptions(tls: TlsConfig, renewed: ClientCertificate | undefined): object {
  const certificate = renewed ?? tls.certificate
  return {
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    rejectUnauthorized: !tls.insecure,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
  }
}

async function exchange(
  dispatcher: Dispatcher,
  origin: string,
  { method, path, headers, body }: SocketRequest,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const answer = await dispatcher.request({
    origin,
    method,
    path,
    headers,
    body: body ?? null,
    signal: signal ?? null,
  })
  return { status: answer.statusCode, headers: flat(answer.headers), body: answer.body }
}

function flat(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')])
  return Object.fromEntries(entries) as Record<string, string>
}

function authorized({ authorization }: Proof): Record<string, string> {
  return authorization === undefined ? {} : { authorization }
}

async function* thenFinish(
  body: HttpResponse['body'],
  finish: () => void,
): AsyncGenerator<Uint8Array | string> {
  try {
    yield* body
  } finally {
    finish()
  }
}

async function discard(response: HttpResponse): Promise<void> {
  for await (const _ of response.body) {
    // Read to the end, so that the connection can be used again.
  }
}

function unreachable({ server, source }: ClusterConfig, cause: unknown): KubeError {
  if (cause instanceof KubeError) return cause
  const why = cause instanceof Error ? cause.message || cause.name : String(cause)
  const message = `the API server ${server} (from ${source}) cannot be reached: ${why}`
  return new KubeError({ reason: 'Unreachable', code: 0, message, cause })
}

export type DirectRequest = {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
  /** Looks at the address that is about to be connected to; a sentence refuses it. */
  readonly refuse: (address: string) => string | undefined
  readonly tls?: DirectTls
}

/** Whom to trust instead of the usual authorities, and who we say we are. PEM. */
export type DirectTls = {
  readonly ca?: string
  readonly certificate?: ClientCertificate
}

/**
 * One request to any URL, on a connection of its own, to an address that passed the check: names
 * are resolved once, and the connection goes to what was looked at. Follows no redirect.
 */
export async function sendDirect(request: DirectRequest): Promise<HttpResponse> {
  const { origin, pathname, search } = new URL(request.url)
  const { ca, certificate } = request.tls ?? {}
  const connect = {
    lookup: checkedLookup(request.refuse),
    timeout: connectTimeoutMs,
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
  }
  const agent = new Agent({ connections: 1, allowH2: false, headersTimeout: 0, connect })
  const finish = (): void => {
    agent.destroy().catch(() => undefined)
  }
  const { method, headers, body } = request
  const wanted = {
    method,
    path: pathname + search,
    headers,
    ...(body === undefined ? {} : { body }),
  }
  try {
    const response = await exchange(agent, origin, wanted, request.signal)
    return { ...response, body: thenFinish(response.body, finish) }
  } catch (error) {
    finish()
    throw error
  }
}

function checkedLookup(refuse: DirectRequest['refuse']): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      // One bad address among good ones is how a rebinding name looks.
      for (const { address } of addresses) {
        const refusal = refuse(address)
        if (refusal !== undefined) return callback(new Error(refusal), [])
      }
      const [first] = addresses
      if (options.all === true || first === undefined) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }
}
