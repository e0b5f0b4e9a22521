/** The client's side of a request, HTTP/1.1 and HTTP/2 alike: what was asked, and where the answer goes. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '#kube/ports.ts'
import { type Fields, outgoing } from './headers.ts'
import type { RequestView, Scheme } from './table.ts'

export type Asked = {
  readonly version: 1 | 2
  readonly scheme: Scheme
  readonly method: string
  /** The Host header or `:authority`. */
  readonly authority: string
  /** Path with query. */
  readonly target: string
  readonly headers: RequestView['headers']
  /** Name, value, name, value, … as they came. */
  readonly rawHeaders: readonly string[]
  readonly client: string
  readonly isGrpc: boolean
  /** True when the client wants the connection for a WebSocket. */
  readonly isUpgrade: boolean
  /** Undefined for a request without body. Not read before it is piped. */
  readonly body: Readable | undefined
}

export type Reply = {
  /** True once a head has gone out. */
  readonly hasBegun: () => boolean
  /** Writes the head; the body goes into what it returns. `hasLength` tells a known length from a stream. */
  readonly begin: (head: {
    readonly status: number
    readonly message: string
    readonly fields: Fields
    readonly hasLength: boolean
  }) => Writable
  /** Sent behind the body; to be given before the body ends. */
  readonly trailers: (fields: Readonly<Record<string, string>>) => void
  /** Gives the client's connection to a pod that took a WebSocket; only for requests that asked for it. */
  readonly switchTo: (pod: Switched) => void
  /** Breaks the answer off, visibly. */
  readonly destroy: () => void
  /** Calls back once when the exchange with the client is over; true when its answer went out whole. */
  readonly onClose: (listener: (isComplete: boolean) => void) => void
}

/** A pod's side of a connection that is no longer HTTP. */
export type Switched = {
  readonly fields: Fields
  readonly socket: Duplex
  /** What the pod said behind its head. */
  readonly rest: Buffer
  /** Closes connections on which nobody speaks; milliseconds. */
  readonly silenceMs: number | undefined
  readonly clock: Clock
}

const grpcType = /^application\/grpc(?:$|[+;])/

export function askedOverHttp1(incoming: IncomingMessage): Asked {
  const { headers, socket } = incoming
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return {
    version: 1,
    scheme: (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http',
    method: incoming.method ?? 'GET',
    authority: headers.host ?? '',
    target: pathOf(incoming.url ?? '/'),
    headers,
    rawHeaders: incoming.rawHeaders,
    client: socket.remoteAddress ?? 'unknown',
    isGrpc: grpcType.test(headers['content-type'] ?? ''),
    isUpgrade: false,
    body: hasBody ? incoming : undefined,
  }
}

export function replyOverHttp1(response: ServerResponse): Reply {
  return {
    hasBegun: () => response.headersSent || response.destroyed,
    begin: ({ status, message, fields, hasLength }) => {
      response.sendDate = false
      response.writeHead(status, message, outgoing(fields))
      // Without a known length the answer may be a slow stream: its head must not wait for the first bytes.
      if (!hasLength) response.flushHeaders()
      return response
    },
    trailers: (fields) => response.addTrailers(fields),
    switchTo: ({ socket }) => socket.destroy(),
    destroy: () => response.destroy(),
    onClose: listenersOf(response, () => response.writableFinished),
  }
}

export function askedOverHttp2(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): Asked {
  const socket = stream.session?.socket
  return {
    version: 2,
    scheme: (socket as Partial<TLSSocket> | undefined)?.encrypted === true ? 'https' : 'http',
    method: headers[':method'] ?? 'GET',
    authority: headers[':authority'] ?? headers.host ?? '',
    target: pathOf(headers[':path'] ?? '/'),
    headers: { host: headers[':authority'], ...headers },
    rawHeaders,
    client: socket?.remoteAddress ?? 'unknown',
    isGrpc: grpcType.test(headers['content-type'] ?? ''),
    isUpgrade: false,
    body: stream.endAfterHeaders ? undefined : stream,
  }
}

export function replyOverHttp2(stream: ServerHttp2Stream): Reply {
  let trailers: Readonly<Record<string, string>> = {}
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  // A client that resets a stream is told of by 'close'.
  stream.on('error', () => undefined)
  return {
    hasBegun: () => stream.headersSent || stream.destroyed,
    begin: ({ status, fields }) => {
      const named = Object.entries(outgoing(fields)).map(([name, value]) => [
        name.toLowerCase(),
        value,
      ])
      stream.respond({ ...Object.fromEntries(named), ':status': status }, {
        waitForTrailers: true,
        sendDate: false,
      } as { waitForTrailers: boolean })
      return stream
    },
    trailers: (fields) => {
      trailers = fields
    },
    switchTo: ({ socket }) => socket.destroy(),
    destroy: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    onClose: listenersOf(
      stream,
      () => stream.writableFinished && stream.rstCode === constants.NGHTTP2_NO_ERROR,
    ),
  }
}

/** One listener for all: streams warn of many. */
export function listenersOf(stream: Writable, isComplete: () => boolean): Reply['onClose'] {
  const listeners: ((isComplete: boolean) => void)[] = []
  stream.once('close', () => {
    for (const listener of listeners) listener(isComplete())
  })
  return (listener) => void listeners.push(listener)
}

// Proxies may also be asked in the absolute form, http://host/path.
function pathOf(url: string): string {
  const absolute = /^https?:\/\/[^/?#]*(.*)$/.exec(url)
  if (absolute === null) return url
  const rest = absolute[1] ?? ''
  return rest.startsWith('/') ? rest : `/${rest}`
}
