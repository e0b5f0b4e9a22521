/** Copies of requests for a backend on trial. Their answers are thrown away and they hold up nobody. */
import { Readable } from 'node:stream'
import { exchange } from './exchange.ts'
import { applyChange, type Fields, requestFields, setField } from './headers.ts'
import type { Exchanged, ProxyParts } from './parts.ts'
import type { BackendRef } from './table.ts'

// A copy of more than this is given up: it would have to be held whole while the pod is slow to take it.
const maxBody = 1024 * 1024
const patienceMs = 15_000

/** To be called before the body is read. */
export function mirror(parts: ProxyParts, exchanged: Exchanged): void {
  for (const { backend, share } of exchanged.effect.mirrors) {
    if (backend.broken !== undefined || parts.random() >= share) continue
    collect(exchanged, (body) => {
      send(parts, exchanged, backend, body).catch(() => undefined)
    })
  }
}

function collect({ asked }: Exchanged, done: (body: Buffer) => void): void {
  const { body } = asked
  if (body === undefined) return done(Buffer.alloc(0))
  const pieces: Buffer[] = []
  let size = 0
  body.on('data', (piece: Buffer) => {
    size += piece.length
    if (size <= maxBody) pieces.push(piece)
    else pieces.length = 0
  })
  body.once('end', () => {
    if (size <= maxBody) done(Buffer.concat(pieces))
  })
  // Listening alone must not start the flow: the body belongs to the first recipient.
  body.pause()
}

async function send(
  { endpoints, balancer, pools, clock }: ProxyParts,
  { asked, effect }: Exchanged,
  backend: BackendRef,
  body: Buffer,
): Promise<void> {
  const resolved = endpoints.resolve(backend)
  if (resolved.kind === 'missing') return
  const key = `mirror ${backend.namespace}/${backend.service}:${backend.port}`
  const upstream = balancer.endpoint(key, resolved.ready, new Set())
  if (upstream === undefined) return
  const fields: Fields = requestFields(asked)
  if (effect.target.host !== '') setField(fields, 'host', effect.target.host)
  for (const change of effect.request) applyChange(fields, change)
  if (body.length > 0) setField(fields, 'content-length', String(body.length))
  const giveUp = new AbortController()
  const cancel = clock.after(patienceMs, () => giveUp.abort())
  const outcome = await exchange(
    {
      clock,
      address: upstream,
      method: asked.method,
      path: effect.target.path,
      fields,
      body: body.length === 0 ? undefined : Readable.from([body]),
      limits: {},
      signal: giveUp.signal,
    },
    pools.oneShot,
  )
  if (outcome.kind === 'answer') {
    outcome.answer.body.on('error', () => undefined)
    outcome.answer.body.once('close', cancel)
    outcome.answer.body.resume()
  } else cancel()
}
