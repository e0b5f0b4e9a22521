/**
 * The sample app's gRPC: any unary call is answered with one text, as in `message Reply { string message = 1; }`, and
 * health checks as the standard has them. Written by hand: two messages need no library.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Answer } from './answers.ts'

export const healthCall = '/grpc.health.v1.Health/Check'

/** True for a call, false for a plain request over HTTP/2. */
export function isCall({ 'content-type': type = '' }: IncomingHttpHeaders): boolean {
  return type.startsWith('application/grpc')
}

/** gRPC's statuses for those of HTTP: OK, UNIMPLEMENTED, INTERNAL, UNAVAILABLE. */
const statuses: Readonly<Record<number, number>> = { 200: 0, 404: 12, 500: 13, 503: 14 }

/** The answer as a call gets it: a head, a message where all is well, and the status behind it. */
export function answerCall(
  stream: ServerHttp2Stream,
  path: string,
  { status, body, headers }: Answer,
): void {
  if (stream.destroyed) return
  const trailers = {
    'grpc-status': String(statuses[status] ?? 2),
    ...(status === 200 ? {} : { 'grpc-message': encodeURIComponent(body.trim()) }),
  }
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', ...headers },
    { waitForTrailers: true },
  )
  if (path === healthCall) stream.end(framed(servingStatus(status)))
  else if (status === 200) stream.end(framed(textMessage(body.trim())))
  else stream.end()
}

/** Not compressed, then the length, then the message. */
function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

// Field 1, length-delimited; texts here are shorter than 128 bytes or have a length of two bytes.
function textMessage(text: string): Buffer {
  const bytes = Buffer.from(text)
  const { length } = bytes
  const prefix = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
  return Buffer.concat([Buffer.from([0x0a, ...prefix]), bytes])
}

// Field 1, a number: SERVING is 1, NOT_SERVING 2.
function servingStatus(status: number): Buffer {
  return Buffer.from([0x08, status === 200 ? 1 : 2])
}
