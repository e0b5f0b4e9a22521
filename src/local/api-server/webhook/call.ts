/** Calls webhooks over TLS, at loopback addresses: named by URL, or found as Services are found. */
import { X509Certificate } from 'node:crypto'
import { Agent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { rootCertificates, type TLSSocket } from 'node:tls'
import { type Address, loopback, type Places, serviceEndpoint } from '../proxy/addresses.ts'
import { ApiError } from '../status.ts'
import type { CallWebhook, WebhookAnswer, WebhookRequest } from './post.ts'
import { shownUrl, type WebhookTarget } from './target.ts'

const answerLimit = 8 * 1024 * 1024

/** The way to webhooks of a server that has sockets. */
export function callOverTls(machine: Places): CallWebhook {
  return async (request) => {
    const address = addressOf(machine, request.target)
    return exchange(request, address)
  }
}

/** Throws an Error in Go's words when the target cannot be reached from here at all. */
function addressOf(machine: Places, target: WebhookTarget): Address & { name: string } {
  if (target.kind === 'service') {
    const { namespace, name, port } = target
    try {
      const found = serviceEndpoint(machine, { namespace, name, port, shown: name })
      return { ...found, name: `${name}.${namespace}.svc` }
    } catch (error) {
      if (error instanceof ApiError) throw new Error(error.message)
      throw error
    }
  }
  const url = new URL(target.url)
  const port = url.port === '' ? '443' : url.port
  const found = loopback(`${url.hostname}:${port}`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (found !== undefined) return { ...found, name: host }
  throw new Error(
    `dial tcp: lookup ${host}: the local cluster calls webhooks at loopback addresses only; name 127.0.0.1, localhost or a Service`,
  )
}

function exchange(
  { target, caPem, body, timeoutSeconds, signal }: WebhookRequest,
  { host, port, name }: Address & { name: string },
): Promise<WebhookAnswer> {
  const url = new URL(shownUrl(target, timeoutSeconds))
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({
      host,
      port,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      // A connection of its own: what a webhook does with an idle one must not show in the next request.
      agent: new Agent({ keepAlive: false, maxCachedSessions: 0 }),
      ca: caPem === undefined ? [...rootCertificates] : caPem,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      headers: {
        host: url.host,
        accept: 'application/json, */*',
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'kube-apiserver-admission',
      },
      signal,
    })
    outgoing.once('error', (error) => {
      reject(new Error(wordsOf(error, { host, port, name }, caPem)))
    })
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = []
      let size = 0
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > answerLimit) outgoing.destroy(new Error('the answer is too large'))
        chunks.push(chunk)
      })
      incoming.once('error', () => reject(new Error('unexpected EOF')))
      incoming.once('end', () =>
        resolve({
          status: incoming.statusCode ?? 502,
          contentType: incoming.headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    outgoing.end(body)
  })
}

type TlsError = NodeJS.ErrnoException & {
  readonly cert?: ReturnType<TLSSocket['getPeerCertificate']>
}

const unknownAuthority = new Set([
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
const badCertificate = 'tls: failed to verify certificate: x509'

/** A failed connection in the words Go has for it. */
function wordsOf(
  error: TlsError,
  { host, port, name }: Address & { name: string },
  caPem: string | undefined,
): string {
  const code = error.code ?? ''
  const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  if (unknownAuthority.has(code)) {
    return `${badCertificate}: certificate signed by unknown authority`
  }
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${at}: connect: connection refused`
    case 'ECONNRESET':
      return 'EOF'
    case 'EPIPE':
      return `write tcp ${at}: write: broken pipe`
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'http: server gave HTTP response to HTTPS client'
    case 'CERT_SIGNATURE_FAILURE':
      return `${badCertificate}: ${wrongAuthority(caPem)}`
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `${badCertificate}: certificate has expired or is not yet valid`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${badCertificate}: ${wrongName(error, name)}`
    default:
      return error.message
  }
}

/** The authority has the right name and the wrong key. */
function wrongAuthority(caPem: string | undefined): string {
  const unknown = 'certificate signed by unknown authority'
  if (caPem === undefined) return unknown
  const authority = new X509Certificate(caPem)
  const isRsa = authority.publicKey.asymmetricKeyType === 'rsa'
  const fault = isRsa ? 'crypto/rsa: verification error' : 'x509: ECDSA verification failure'
  const name = /^CN=(.*)$/m.exec(authority.subject)?.[1] ?? 'serial'
  return `${unknown} (possibly because of "${fault}" while trying to verify candidate authority certificate "${name}")`
}

function wrongName({ cert }: TlsError, name: string): string {
  const names = (cert?.subjectaltname ?? '').split(', ').filter((text) => text !== '')
  const address = isIP(name) !== 0
  const kind = address ? 'IP Address:' : 'DNS:'
  const fitting = names
    .filter((text) => text.startsWith(kind))
    .map((text) => text.slice(kind.length))
  if (fitting.length > 0) return `certificate is valid for ${fitting.join(', ')}, not ${name}`
  return address
    ? `cannot validate certificate for ${name} because it doesn't contain any IP SANs`
    : `certificate is not valid for any names, but wanted to match ${name}`
}
