/**
 * Serves one request: finds its rule, its backend and a pod, and passes everything on.
 *
 * A request is tried a second time, on another pod where there is one, in two cases only: the connection was refused,
 * so nothing was sent; or it went out on an idle connection that the pod had closed meanwhile, nothing was answered, and
 * the request has no body and an idempotent method. All other requests go out on a connection of their own, so the
 * second case cannot meet them.
 */
import { sessionBackend } from './balance.ts'
import type { Asked, Reply } from './client.ts'
import { effectOf } from './filters.ts'
import { forward, record } from './forward.ts'
import { mirror } from './mirror.ts'
import { answerItself } from './own-answer.ts'
import type { ProxyParts } from './parts.ts'
import { type BackendRef, findEntry, hostWithoutPort, type RequestView } from './table.ts'

/** Never rejects; whatever happens ends in an answer or a closed connection. */
export async function serve(parts: ProxyParts, asked: Asked, reply: Reply): Promise<void> {
  try {
    await serveOrThrow(parts, asked, reply)
  } catch (error) {
    // A route may ask for headers or addresses that HTTP does not have.
    parts.metrics.downstream(500)
    const text = `the request or its answer cannot be carried: ${(error as Error).message}`
    answerItself(asked, reply, { status: 500, text, headers: {} })
  }
}

async function serveOrThrow(parts: ProxyParts, asked: Asked, reply: Reply): Promise<void> {
  const startedAt = parts.clock.monotonic()
  const answer = (status: number, text: string, headers: Readonly<Record<string, string>> = {}) => {
    parts.metrics.downstream(status)
    answerItself(asked, reply, { status, text, headers })
  }
  if (asked.isGrpc && asked.version === 1) {
    const headers = { upgrade: 'h2c', connection: 'Upgrade' }
    return answer(426, 'gRPC needs HTTP/2; speak it with prior knowledge to this port', headers)
  }
  const view = viewOf(asked)
  const host = hostWithoutPort(asked.authority)
  const entry = findEntry(parts.table(), host, view, (name) => parts.service(name, view))
  if (entry === undefined) return answer(404, `no route for ${asked.authority}${asked.target}`)

  const backend = inhabited(parts, sessionBackend(entry, view) ?? parts.balancer.backend(entry))
  const target = { scheme: asked.scheme, host: asked.authority, path: asked.target }
  const filters = [...entry.filters, ...(backend?.filters ?? [])]
  const effect = effectOf(filters, target, parts.ownPorts())
  if (effect.kind === 'answer') {
    const { location, status, body } = effect
    return answer(status, body, location === undefined ? {} : { location })
  }
  if (effect.kind === 'unsupported') return answer(500, `${effect.name} is not served here`)
  if (backend === undefined) return answer(500, 'the rule has no backend with a weight above 0')
  const exchanged = { asked, view, reply, entry, backend, effect, startedAt }
  if (backend.broken !== undefined) {
    const { status, message } = backend.broken
    record(parts, exchanged, { status, flags: 'NC' })
    return answer(status, message)
  }
  mirror(parts, exchanged)
  await forward(parts, exchanged, answer)
}

// Some proxies do not know a backend at all as long as it has no endpoint.
function inhabited({ endpoints }: ProxyParts, backend: BackendRef | undefined) {
  if (backend?.standIn === undefined) return backend
  const resolved = endpoints.resolve(backend)
  const isEmpty = resolved.kind === 'missing' || resolved.ready.length === 0
  return isEmpty ? backend.standIn : backend
}

function viewOf({ scheme, method, authority, target, headers, client }: Asked): RequestView {
  const mark = target.indexOf('?')
  return {
    scheme,
    method,
    authority,
    path: mark < 0 ? target : target.slice(0, mark),
    headers,
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    client,
  }
}
