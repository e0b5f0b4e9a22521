/**
 * Where clients come in: one port takes HTTP/1.1 and cleartext HTTP/2 with prior knowledge, another one the same over TLS,
 * with the certificate of the name that is asked for.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2'
import { createServer as createNetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  createServer as createTlsServer,
  type SecureContext,
  type Server as TlsServer,
} from 'node:tls'
import {
  type Asked,
  askedOverHttp1,
  askedOverHttp2,
  type Reply,
  replyOverHttp1,
  replyOverHttp2,
} from './client.ts'
import { bind } from './listen.ts'
import { byFirstBytes } from './preface.ts'
import { askedUpgrade, wantsWebSocket } from './websocket.ts'

export type Serve = (asked: Asked, reply: Reply) => void

export type Certificates = {
  /** The context for a name that a client asks for; undefined for the fallback. */
  readonly find: (serverName: string) => SecureContext | undefined
  /** Made when the first client comes. */
  readonly fallback: () => Promise<{ readonly cert: string; readonly key: string }>
}

export type Front = {
  readonly httpPort: number
  readonly httpsPort: number
  /** Takes nobody any more and ends when the requests in flight have their answers; WebSockets are cut. */
  readonly close: () => Promise<void>
}

/** Wanted ports, 0 for any free one; a free one too where the wanted one is taken. */
export async function openFront(
  serve: Serve,
  certificates: Certificates,
  wanted: { readonly httpPort: number; readonly httpsPort: number },
): Promise<Front> {
  const doors = protocolServers(serve)
  const sockets = new Set<Socket>()
  const kept = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  // As an HTTP server has it: a client may close its side once it has asked.
  const manner = { allowHalfOpen: true, noDelay: true } as const
  const plain = createNetServer(manner, (socket) => {
    kept(socket)
    doors.byFirstBytes(socket)
  })
  const tls = lazyTls(certificates, doors.byAgreement)
  const secure = createNetServer(manner, (socket) => {
    kept(socket)
    tls(socket)
  })
  const httpPort = await bind(plain, wanted.httpPort)
  const httpsPort = await bind(secure, wanted.httpsPort)
  return {
    httpPort,
    httpsPort,
    close: async () => {
      const closed = [plain, secure].map(
        (server) => new Promise<void>((resolve) => server.close(() => resolve())),
      )
      await doors.drained()
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}

/** The HTTP servers behind the ports. They never listen themselves: connections are handed to them. */
function protocolServers(serve: Serve) {
  let inFlight = 0
  const waiting: (() => void)[] = []
  const begun = (reply: Reply): void => {
    inFlight++
    reply.onClose(() => {
      inFlight--
      if (inFlight === 0) for (const resolve of waiting.splice(0)) resolve()
    })
  }
  const http1 = createHttpServer({
    // A client may reuse a connection at any time; closing idle ones early would drop its request.
    keepAliveTimeout: 3_600_000,
    requestTimeout: 0,
    headersTimeout: 60_000,
    shouldUpgradeCallback: wantsWebSocket,
  })
  http1.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
    const reply = replyOverHttp1(response)
    begun(reply)
    serve(askedOverHttp1(incoming), reply)
  })
  http1.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { asked, reply } = askedUpgrade(incoming, socket, head)
    serve(asked, reply)
  })
  const http2 = createHttp2Server()
  const sessions = new Set<ServerHttp2Session>()
  http2.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  http2.on('sessionError', () => undefined)
  http2.on('stream', (stream, headers, _flags, raw?: readonly string[]) => {
    const reply = replyOverHttp2(stream)
    begun(reply)
    serve(askedOverHttp2(stream, headers, raw ?? flat(headers)), reply)
  })
  return {
    byFirstBytes: (socket: Socket) => byFirstBytes(socket, { http1, http2 }),
    byAgreement: (socket: Socket & { readonly alpnProtocol: unknown }) => {
      const server = socket.alpnProtocol === 'h2' ? http2 : http1
      server.emit('connection', socket)
    },
    drained: async () => {
      for (const session of sessions) session.close()
      if (inFlight > 0) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}

function lazyTls(
  { find, fallback }: Certificates,
  ready: (socket: Socket & { readonly alpnProtocol: unknown }) => void,
): (socket: Socket) => void {
  let server: Promise<TlsServer> | undefined
  const made = async (): Promise<TlsServer> => {
    const { cert, key } = await fallback()
    const tls = createTlsServer({
      cert,
      key,
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: (name, done) => done(null, find(name.toLowerCase())),
    })
    tls.on('secureConnection', ready)
    tls.on('tlsClientError', (_error, socket) => socket.destroy())
    return tls
  }
  return (socket) => {
    server ??= made()
    server.then(
      (tls) => tls.emit('connection', socket),
      () => {
        server = undefined
        socket.destroy()
      },
    )
  }
}

function flat(headers: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one) => [name, String(one)]),
  )
}
