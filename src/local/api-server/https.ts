/** The thin HTTPS face: loopback only, HTTP/1.1; it reads credentials, everything else is the handle's. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { HttpRequest, HttpResponse } from '#kube/http.ts'
import { refusal, TextBody } from './answer.ts'
import type { Certificate, Credentials } from './auth/authenticate.ts'
import { valueSeparator } from './auth/impersonate.ts'
import type { Handle } from './handle.ts'
import type { User } from './machine.ts'
import { jsonFromProtobuf } from './protobuf/decode.ts'
import { ApiError } from './status.ts'

export type FaceOptions = {
  readonly handle: Handle
  readonly key: string
  readonly cert: string
  /** 0 for any free port. */
  readonly port: number
  /** Client certificates signed by this authority are trusted. */
  readonly clientCa: string
  /** Who has sent a request. Throws a 401. */
  readonly identify: (credentials: Credentials) => User
}

export type Face = { readonly port: number; readonly close: () => Promise<void> }

const hardLimit = 8 * 1024 * 1024

/** Listens; rejects when the port is taken. */
export async function openFace(options: FaceOptions): Promise<Face> {
  const { key, cert, clientCa } = options
  const server = createServer({
    key,
    cert,
    // Who comes without a certificate, or with a strange one, is told so as an answer to his request.
    ca: clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    keepAlive: true,
    ALPNProtocols: ['http/1.1'],
  })
  // A watch has no end of its own, and an idle client may keep its connection.
  server.requestTimeout = 0
  server.headersTimeout = 60_000
  server.keepAliveTimeout = 120_000
  server.on('request', (incoming, outgoing) => {
    serve(options, incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  return { port: (server.address() as AddressInfo).port, close: () => close(server) }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function serve(
  options: FaceOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await bodyOf(incoming)
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  const response = await answer(options, incoming, body, gone.signal)
  await deliver(response, outgoing, incoming.method === 'HEAD')
}

async function answer(
  { identify, handle }: FaceOptions,
  incoming: IncomingMessage,
  body: Buffer | undefined,
  signal: AbortSignal,
): Promise<HttpResponse> {
  try {
    refuseWebPages(incoming)
    const { authorization } = incoming.headers
    const certificate = certificateOf(incoming.socket as TLSSocket)
    const user = identify({ authorization, certificate })
    if (body === undefined) throw tooLarge()
    return await handle(requestOf(incoming, body), { user, signal, bytes: body })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { headers, ...rest } = refusal(error)
    return { ...rest, headers: { 'cache-control': 'no-cache, private', ...headers } }
  }
}

/** No page in a browser has business here; a program sends no Origin. */
function refuseWebPages({ headers }: IncomingMessage): void {
  if (headers.origin === undefined) return
  throw new ApiError(403, 'Forbidden', 'requests from web pages are not served', {})
}

function tooLarge(): ApiError {
  const message = `Request entity too large: limit is ${hardLimit}`
  return new ApiError(413, 'RequestEntityTooLarge', message)
}

const certificates = new WeakMap<TLSSocket, { readonly certificate: Certificate | undefined }>()

/** What the client's certificate says; it is the same for as long as the connection lasts. */
function certificateOf(socket: TLSSocket): Certificate | undefined {
  let known = certificates.get(socket)
  if (known === undefined) {
    known = { certificate: readCertificate(socket) }
    certificates.set(socket, known)
  }
  return known.certificate
}

function readCertificate(socket: TLSSocket): Certificate | undefined {
  const { subject, fingerprint256 } = socket.getPeerCertificate()
  if (subject === undefined) return undefined
  const list = (value: string | string[] | undefined): readonly string[] =>
    value === undefined ? [] : [value].flat()
  return {
    trusted: socket.authorized,
    commonName: list(subject.CN)[0] ?? '',
    organizations: list(subject.O),
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

function requestOf(incoming: IncomingMessage, body: Buffer): HttpRequest {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headersDistinct)) {
    // Names of groups may hold commas, so these are kept apart in another way.
    const separator = name.startsWith('impersonate-') ? valueSeparator : ', '
    if (value !== undefined) headers[name] = value.join(separator)
  }
  return {
    method: (incoming.method ?? 'GET') as HttpRequest['method'],
    path: incoming.url ?? '/',
    headers,
    ...(body.length === 0 ? {} : { body: textOf(body, headers) }),
  }
}

const protobuf = 'application/vnd.kubernetes.protobuf'

/** Bodies travel inwards as JSON; what cannot be read as such keeps its content type and is refused there. */
function textOf(body: Buffer, headers: Record<string, string>): string {
  if (headers['content-type'] !== protobuf) return body.toString('utf8')
  try {
    const json = jsonFromProtobuf(body)
    if (json === undefined) return ''
    headers['content-type'] = 'application/json'
    return json
  } catch {
    return ''
  }
}

/** The whole body, or undefined when it is larger than anything that could be meant. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= hardLimit) chunks.push(chunk)
  }
  if (size > hardLimit) return undefined
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
}

async function deliver(
  { status, headers, body }: HttpResponse,
  outgoing: ServerResponse,
  headOnly: boolean,
): Promise<void> {
  if (body instanceof TextBody) {
    const bytes = Buffer.from(body.text)
    outgoing.writeHead(status, { ...headers, 'content-length': bytes.length })
    outgoing.end(headOnly ? undefined : bytes)
    return
  }
  outgoing.writeHead(status, headers)
  outgoing.flushHeaders()
  try {
    for await (const chunk of body) {
      if (outgoing.destroyed) return
      if (!outgoing.write(chunk)) await drained(outgoing)
    }
    outgoing.end()
  } catch {
    // What stands behind the body broke: the client must see a broken connection, not a short answer.
    outgoing.destroy()
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.once('drain', done)
    outgoing.once('close', done)
  })
}
