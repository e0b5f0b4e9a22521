/** Carries a request to a pod of its backend and the answer back. See proxy.ts for when a second pod is tried. */
import { pipeline } from 'node:stream'
import { pinned, sessionEndpoint, sessionValue } from './balance.ts'
import { destinationKey, type Resolved, type Upstream } from './endpoints.ts'
import { type Answered, type Exchange, exchange, type Outcome } from './exchange.ts'
import { exchangeH2 } from './exchange-h2.ts'
import { addCookie, applyChange, cookieOf, headerOf, requestFields, setField } from './headers.ts'
import type { Exchanged, ProxyParts } from './parts.ts'
import type { Cookie, Protocol, RouterKind } from './table.ts'

/** Why the gateway answered itself, in Envoy's letters. */
type Flags = 'NC' | 'UH' | 'UT' | 'UF'

type Answer = (status: number, text: string) => void

/** What real deployments answer for a Service or a port that is not there. */
const missingStatus: Readonly<Record<RouterKind, number>> = {
  'gateway-api': 500,
  nginx: 503,
  istio: 503,
  service: 503,
}

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
const sessionConnectMs = 5000

/** Where a request goes and what is set on its client for it. */
type Aim = { readonly upstream: Upstream; readonly made?: readonly [Cookie, string] }

export async function forward(
  parts: ProxyParts,
  exchanged: Exchanged,
  answer: Answer,
): Promise<void> {
  const { backend, entry, asked } = exchanged
  const fail = (status: number, flags: Flags, text: string): void => {
    record(parts, exchanged, { status, flags })
    answer(status, text)
  }
  const deadline = watchDeadline(parts, exchanged)
  const tried = new Set<string>()
  for (let attempt = 1; ; attempt++) {
    const resolved = parts.endpoints.resolve(backend)
    if (resolved.kind === 'missing') {
      return fail(missingStatus[entry.route.router], 'NC', resolved.message)
    }
    const aim = aimed(parts, exchanged, resolved, tried)
    if (aim === undefined) return fail(503, 'UH', `no ready endpoint of ${destinationKey(backend)}`)
    const { upstream } = aim
    tried.add(upstream.id)
    const protocol = protocolOf(exchanged, resolved)
    const outcome = await sent(parts, exchanged, { upstream, attempt, protocol, ...deadline })
    if (outcome.kind === 'answer') return passBack(parts, exchanged, aim, outcome.answer)
    if (outcome.kind === 'switched') return handOver(parts, exchanged, aim, outcome)
    if (outcome.kind === 'silent' || deadline.hasPassed()) {
      return fail(504, 'UT', 'the pod gave no answer within the time-out of the route')
    }
    if (deadline.signal.aborted) return
    if (attempt > 1 || (outcome.kind !== 'notConnected' && outcome.kind !== 'stale')) {
      const { message } = outcome.error
      return fail(503, 'UF', `${upstream.host}:${upstream.port} gave no answer: ${message}`)
    }
    if (asked.body?.readableDidRead === true) {
      return fail(503, 'UF', `${upstream.host}:${upstream.port} refused the request`)
    }
  }
}

function protocolOf({ asked, entry }: Exchanged, resolved: Resolved): Protocol {
  if (asked.isUpgrade) return 'http1'
  if (asked.isGrpc) return 'h2c'
  return (
    entry.protocol ?? (resolved.kind === 'endpoints' ? resolved.protocol : undefined) ?? 'http1'
  )
}

function watchDeadline({ clock }: ProxyParts, { entry, reply }: Exchanged) {
  const gone = new AbortController()
  let passed = false
  const { wholeMs } = entry.limits
  const cancel =
    wholeMs === undefined
      ? undefined
      : clock.after(wholeMs, () => {
          passed = true
          gone.abort()
          if (reply.hasBegun()) reply.destroy()
        })
  // A client that goes away before its answer is complete takes its request with it.
  reply.onClose((isComplete) => {
    cancel?.()
    if (!isComplete) gone.abort()
  })
  return { signal: gone.signal, hasPassed: () => passed }
}

function aimed(
  { balancer, random }: ProxyParts,
  { entry, backend, view, asked }: Exchanged,
  resolved: Extract<Resolved, { kind: 'endpoints' }>,
  tried: ReadonlySet<string>,
): Aim | undefined {
  const { ready } = resolved
  const inTurn = (): Upstream | undefined =>
    balancer.endpoint(destinationKey(backend), ready, tried) ??
    balancer.endpoint(destinationKey(backend), ready, new Set())
  if (entry.session !== undefined && backend.isSessionless !== true) {
    const held = sessionEndpoint(entry, view, ready)
    if (held !== undefined && !tried.has(held.id)) return { upstream: held }
    const upstream = inTurn()
    if (upstream === undefined) return undefined
    const cookie = { ...entry.session, ...(asked.scheme === 'https' ? { secure: true } : {}) }
    return { upstream, made: [cookie, sessionValue(backend, upstream)] }
  }
  const { hash } = backend
  const known = hash === undefined ? undefined : hashValue(hash, view)
  const isMade = hash?.kind === 'cookie' && hash.isMade && known === undefined
  const value = isMade ? Math.floor(random() * 2 ** 48).toString(16) : known
  const upstream = value === undefined ? inTurn() : (pinned(value, ready, tried) ?? inTurn())
  if (upstream === undefined) return undefined
  return isMade ? { upstream, made: [hash.cookie, value ?? ''] } : { upstream }
}

function hashValue(
  hash: NonNullable<Exchanged['backend']['hash']>,
  view: Exchanged['view'],
): string | undefined {
  switch (hash.kind) {
    case 'cookie':
      return cookieOf(view, hash.cookie.name)
    case 'header':
      return headerOf(view, hash.name)
    case 'query':
      return view.query.get(hash.name) ?? undefined
    default:
      return view.client
  }
}

function sent(
  { pools, clock }: ProxyParts,
  { asked, effect, entry }: Exchanged,
  how: {
    readonly upstream: Upstream
    readonly attempt: number
    readonly protocol: Protocol
    readonly signal: AbortSignal
  },
): Promise<Outcome> {
  const { upstream, attempt, protocol, signal } = how
  const { method, body } = asked
  const fields = requestFields(asked)
  if (effect.target.host !== '') setField(fields, 'host', effect.target.host)
  if (asked.isUpgrade) {
    setField(fields, 'connection', 'Upgrade')
    setField(fields, 'upgrade', 'websocket')
  }
  for (const change of effect.request) applyChange(fields, change)
  const given: Exchange = {
    clock,
    address: upstream,
    method,
    path: effect.target.path,
    fields,
    body,
    limits: entry.limits,
    signal,
  }
  if (protocol === 'h2c') {
    const connectMs = entry.limits.connectMs ?? sessionConnectMs
    return exchangeH2(given, pools.sessionFor(upstream, connectMs))
  }
  if (body !== undefined && !fields.has('content-length')) {
    setField(fields, 'transfer-encoding', 'chunked')
  }
  const mayReuse = attempt === 1 && body === undefined && !asked.isUpgrade && idempotent.has(method)
  return exchange(given, mayReuse ? pools.agentFor(upstream) : pools.oneShot)
}

function passBack(
  parts: ProxyParts,
  exchanged: Exchanged,
  { upstream, made }: Aim,
  answered: Answered,
): void {
  const { reply, effect, asked } = exchanged
  const { status, message, fields, body } = answered
  for (const change of effect.response) applyChange(fields, change)
  if (made !== undefined) addCookie(fields, ...made)
  // The client may have gone while the pod was answering.
  if (reply.hasBegun()) {
    body.destroy()
    return
  }
  const hasLength = fields.has('content-length')
  const to = reply.begin({ status, message, fields, hasLength })
  parts.metrics.downstream(status)
  const trailers = (): Readonly<Record<string, string>> => answered.trailers()
  body.once('end', () => {
    if (Object.keys(trailers()).length > 0) reply.trailers(trailers())
  })
  // An answer that breaks off must look broken to the client too; pipeline destroys the response.
  pipeline(body, to, () => {
    const code = asked.isGrpc
      ? (trailers()['grpc-status'] ?? fields.get('grpc-status')?.values[0])
      : undefined
    record(parts, exchanged, { status, upstream, ...(code === undefined ? {} : { code }) })
  })
}

function handOver(
  parts: ProxyParts,
  exchanged: Exchanged,
  { upstream, made }: Aim,
  { answer, socket, rest }: Extract<Outcome, { kind: 'switched' }>,
): void {
  const { fields } = answer
  for (const change of exchanged.effect.response) applyChange(fields, change)
  if (made !== undefined) addCookie(fields, ...made)
  parts.metrics.downstream(101)
  record(parts, exchanged, { status: 101, upstream })
  const { silenceMs } = exchanged.entry.limits
  exchanged.reply.switchTo({ fields, socket, rest, silenceMs, clock: parts.clock })
}

/** Counts a request under its backend. `upstream` is the pod that answered, if one did. */
export function record(
  { metrics, clock }: ProxyParts,
  { asked, entry, backend, startedAt }: Omit<Exchanged, 'reply'>,
  given: {
    readonly status: number
    readonly upstream?: Upstream
    readonly flags?: Flags
    /** gRPC's own status. */
    readonly code?: string
  },
): void {
  metrics.answered({
    route: entry.route,
    backend,
    method: asked.method,
    isGrpc: asked.isGrpc,
    isAnswered: given.upstream !== undefined,
    pod: given.upstream?.pod,
    status: given.status,
    flags: given.flags ?? '-',
    grpcStatus: given.code ?? '',
    durationMs: clock.monotonic() - startedAt,
  })
}
