/**
 * Serves one request: finds its rule, its backend and a pod, and passes everything on.
 *
 * A request is tried a second time, on another pod where there is one, in two cases only: the connection was refused,
 * so nothing was sent; or it went out on an idle connection that the pod had closed meanwhile, nothing was answered, and
 * the request has no body and an idempotent method. All other requests go out on a connection of their own, so the
 * second case cannot meet them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import type { Clock } from '#kube/ports.ts'
import type { Balancer } from './balance.ts'
import type { EndpointIndex } from './endpoints.ts'
import { type Effect, effectOf } from './filters.ts'
import { exchange, type Outcome } from './forward.ts'
import { applyChange, endToEnd, type Fields, outgoing, requestFields, setField } from './headers.ts'
import type { GatewayMetrics } from './metrics.ts'
import type { Pools } from './pools.ts'
import { type BackendRef, type Entry, findEntry, hostWithoutPort, type Table } from './table.ts'

export type ProxyParts = {
  readonly clock: Clock
  readonly table: () => Table
  readonly endpoints: EndpointIndex
  readonly balancer: Balancer
  readonly pools: Pools
  readonly metrics: GatewayMetrics
}

type Forward = Extract<Effect, { kind: 'forward' }>

type Exchanged = {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly entry: Entry
  readonly backend: BackendRef
  readonly effect: Forward
  readonly startedAt: number
}

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** Never rejects; whatever happens ends in an answer or a closed connection. */
export async function serve(
  parts: ProxyParts,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startedAt = parts.clock.monotonic()
  const answer = (status: number, text: string): void => {
    parts.metrics.downstream(status)
    answerItself(incoming, response, status, text)
  }
  const asked = { host: incoming.headers.host ?? '', path: pathOf(incoming.url ?? '/') }
  const entry = route(parts.table(), incoming, asked)
  if (entry === undefined) return answer(404, `no route for ${asked.host}${asked.path}`)

  const backend = parts.balancer.backend(entry)
  const effect = effectOf([...entry.filters, ...(backend?.filters ?? [])], asked)
  if (effect.kind === 'answer') {
    response.setHeader('location', effect.location)
    return answer(effect.status, '')
  }
  if (effect.kind === 'unsupported') return answer(500, `filter ${effect.name} is not served here`)
  if (backend === undefined) return answer(500, 'the rule has no backend with a weight above 0')
  if (backend.broken !== undefined) return answer(500, backend.broken)

  const exchanged = { incoming, outgoing: response, entry, backend, effect, startedAt }
  await forward(parts, exchanged, answer)
}

function route(
  table: Table,
  incoming: IncomingMessage,
  { host, path }: { readonly host: string; readonly path: string },
): Entry | undefined {
  const mark = path.indexOf('?')
  return findEntry(table, hostWithoutPort(host), {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? path : path.slice(0, mark),
    headers: incoming.headers,
    query: new URLSearchParams(mark < 0 ? '' : path.slice(mark + 1)),
  })
}

type Answer = (status: number, text: string) => void

async function forward(parts: ProxyParts, exchanged: Exchanged, answer: Answer): Promise<void> {
  const { backend, entry, outgoing: response } = exchanged
  const fail = (status: number, text: string): void => {
    record(parts, exchanged, status)
    answer(status, text)
  }
  const deadline = new AbortController()
  let timedOut = false
  const cancel =
    entry.timeoutMs === undefined
      ? undefined
      : parts.clock.after(entry.timeoutMs, () => {
          timedOut = true
          deadline.abort()
          if (response.headersSent) response.destroy()
        })
  // A client that goes away before its answer is complete takes its request with it.
  response.once('close', () => {
    cancel?.()
    if (!response.writableFinished) deadline.abort()
  })

  const tried = new Set<string>()
  for (let attempt = 1; ; attempt++) {
    const resolved = parts.endpoints.resolve(backend.namespace, backend.service, backend.port)
    if (resolved.kind === 'missing') return fail(500, resolved.message)
    const key = `${backend.namespace}/${backend.service}:${backend.port}`
    const upstream =
      parts.balancer.endpoint(key, resolved.ready, tried) ??
      parts.balancer.endpoint(key, resolved.ready, new Set())
    if (upstream === undefined) return fail(503, `no ready endpoint of Service ${key}`)
    tried.add(upstream.id)

    const outcome = await exchange({
      upstream,
      ...plan(parts, exchanged, upstream, attempt),
      signal: deadline.signal,
    })
    if (outcome.kind === 'answer') return passBack(parts, exchanged, outcome.response)
    if (timedOut) return fail(504, `no answer within ${entry.timeoutMs} ms`)
    if (deadline.signal.aborted) return
    if (!isRetriable(outcome, attempt)) {
      return fail(503, `${upstream.host}:${upstream.port} gave no answer: ${outcome.error.message}`)
    }
  }
}

function isRetriable(outcome: Outcome, attempt: number): boolean {
  return attempt === 1 && (outcome.kind === 'notConnected' || outcome.kind === 'stale')
}

function plan(
  { pools }: ProxyParts,
  { incoming, effect }: Exchanged,
  upstream: Parameters<Pools['agentFor']>[0],
  attempt: number,
) {
  const method = incoming.method ?? 'GET'
  const hasBody =
    incoming.headers['transfer-encoding'] !== undefined ||
    Number(incoming.headers['content-length'] ?? 0) > 0
  const fields = requestFields(incoming)
  if (effect.target.host !== '') setField(fields, 'host', effect.target.host)
  for (const change of effect.request) applyChange(fields, change)
  const mayReuse = attempt === 1 && !hasBody && idempotent.has(method)
  return {
    method,
    path: effect.target.path,
    fields,
    body: hasBody ? incoming : undefined,
    agent: mayReuse ? pools.agentFor(upstream) : pools.oneShot,
  }
}

function passBack(parts: ProxyParts, exchanged: Exchanged, answered: IncomingMessage): void {
  const { outgoing: response, effect } = exchanged
  const status = answered.statusCode ?? 502
  const fields: Fields = endToEnd(answered)
  for (const change of effect.response) applyChange(fields, change)
  response.sendDate = false
  response.writeHead(status, answered.statusMessage ?? '', outgoing(fields))
  // Without a known length the answer may be a slow stream: its head must not wait for the first bytes.
  if (!fields.has('content-length')) response.flushHeaders()
  parts.metrics.downstream(status)
  // An answer that breaks off must look broken to the client too; pipeline destroys the response.
  pipeline(answered, response, () => record(parts, exchanged, status))
}

function record(
  { metrics, clock }: ProxyParts,
  { entry, backend, startedAt }: Exchanged,
  status: number,
): void {
  metrics.answered({
    route: entry.route,
    namespace: backend.namespace,
    service: backend.service,
    port: backend.port,
    status,
    durationMs: clock.monotonic() - startedAt,
  })
}

function answerItself(
  incoming: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const body = text === '' ? '' : `${text}\n`
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(incoming.method === 'HEAD' ? undefined : body)
}

// Proxies may also be asked in the absolute form, http://host/path.
function pathOf(url: string): string {
  const absolute = /^https?:\/\/[^/?#]*(.*)$/.exec(url)
  if (absolute === null) return url
  const rest = absolute[1] ?? ''
  return rest.startsWith('/') ? rest : `/${rest}`
}
