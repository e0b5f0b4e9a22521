/** Answers that the gateway gives itself, in the manner of the client: gRPC has its own statuses, in trailers. */
import type { Asked, Reply } from './client.ts'
import { type Fields, setField } from './headers.ts'

export type OwnAnswer = {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
}

/** Of gRPC: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, UNAVAILABLE, by HTTP status as Envoy maps them. */
const grpcStatus: Readonly<Record<number, number>> = { 404: 12, 502: 14, 503: 14, 504: 4 }

/** Where the head has gone out already, the answer is broken off instead. */
export function answerItself(asked: Asked, reply: Reply, given: OwnAnswer): void {
  if (reply.hasBegun()) return reply.destroy()
  const { status, text, headers } = given
  const isGrpc = asked.isGrpc && asked.version === 2
  const body = text === '' || isGrpc ? '' : `${text}\n`
  const fields: Fields = new Map()
  for (const [name, value] of Object.entries(headers)) setField(fields, name, value)
  if (isGrpc) {
    setField(fields, 'content-type', 'application/grpc')
    setField(fields, 'grpc-status', String(grpcStatus[status] ?? 2))
    setField(fields, 'grpc-message', encodeURIComponent(text))
  } else {
    setField(fields, 'content-type', 'text/plain; charset=utf-8')
    setField(fields, 'content-length', String(Buffer.byteLength(body)))
  }
  const to = reply.begin({ status: isGrpc ? 200 : status, message: '', fields, hasLength: true })
  to.end(asked.method === 'HEAD' ? undefined : body)
}
