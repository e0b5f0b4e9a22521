/** The same exchange over cleartext HTTP/2 with prior knowledge, as pods that serve gRPC speak it. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { Clock } from '#kube/ports.ts'
import { type Answered, type Exchange, type Outcome, watchSilence } from './exchange.ts'
import { endToEnd, outgoing } from './headers.ts'

export type Session = {
  readonly session: ClientHttp2Session
  /** Ends well, or not at all for one to which no connection came about. */
  readonly connected: Promise<Error | undefined>
}

/** Opens a connection; its errors are told to those who wait for it and by the exchanges on it. */
export function openSession(
  clock: Clock,
  { host, port }: Exchange['address'],
  connectMs: number,
): Session {
  const session = connect(`http://${host.includes(':') ? `[${host}]` : host}:${port}`)
  const connected = new Promise<Error | undefined>((resolve) => {
    const cancel = clock.after(connectMs, () =>
      session.destroy(new Error(`no HTTP/2 connection in ${connectMs} ms`)),
    )
    // The peer's settings are the first proof that it speaks HTTP/2 at all.
    session.once('remoteSettings', () => resolve(undefined))
    session.on('error', (error) => resolve(error))
    session.once('close', () => {
      cancel()
      resolve(new Error('the pod closed the connection; does it speak cleartext HTTP/2?'))
    })
    session.once('remoteSettings', cancel)
  })
  return { session, connected }
}

export async function exchangeH2(given: Exchange, { session, connected }: Session) {
  const error = await connected
  if (error !== undefined) return { kind: 'notConnected', error } as const
  if (given.signal.aborted) return { kind: 'broken', error: new Error('given up') } as const
  if (session.closed || session.destroyed) {
    return { kind: 'notConnected', error: new Error('the pod is closing the connection') } as const
  }
  return onStream(given, session)
}

function onStream(given: Exchange, session: ClientHttp2Session): Promise<Outcome> {
  const { clock, limits, signal, body } = given
  return new Promise((resolve) => {
    const stream = session.request(headersOf(given), { endStream: body === undefined })
    const silence = watchSilence(clock, limits.silenceMs, () => {
      resolve({ kind: 'silent' })
      stream.close(constants.NGHTTP2_CANCEL)
    })
    const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL)
    signal.addEventListener('abort', cancel, { once: true })
    stream.on('response', (_headers, _flags, raw?: readonly string[]) => {
      silence.follow(stream)
      resolve({ kind: 'answer', answer: answeredOn(stream, _headers, raw) })
    })
    stream.on('error', (error) => resolve(failure(stream, error)))
    stream.on('close', () => {
      signal.removeEventListener('abort', cancel)
      silence.end()
      resolve(failure(stream, new Error(`stream closed with code ${stream.rstCode}`)))
    })
    if (body === undefined) silence.begin()
    else body.pipe(stream)
  })
}

// A refused stream was not begun by the pod: it is as good as not sent, as long as no body has gone.
function failure(stream: ClientHttp2Stream, error: Error): Outcome {
  const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
  return { kind: refused ? 'notConnected' : 'broken', error }
}

function headersOf({ method, path, fields }: Exchange): Record<string, string | string[]> {
  const { host, ...rest } = Object.fromEntries(
    Object.entries(outgoing(fields)).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return {
    ':method': method,
    ':path': path,
    ':scheme': 'http',
    ':authority': typeof host === 'string' ? host : '',
    ...rest,
    // Servers of gRPC refuse clients that do not promise to read trailers.
    te: 'trailers',
  }
}

function answeredOn(
  stream: ClientHttp2Stream,
  headers: Readonly<Record<string, unknown>>,
  raw: readonly string[] | undefined,
): Answered {
  let trailers: Readonly<Record<string, string>> = {}
  stream.on('trailers', (given) => {
    trailers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, String(value)]),
    )
  })
  return {
    status: Number(headers[':status'] ?? 502),
    message: '',
    fields: endToEnd(raw ?? flat(headers)),
    body: stream,
    trailers: () => trailers,
  }
}

function flat(headers: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one) => [name, String(one)]),
  )
}
