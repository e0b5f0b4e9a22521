/** For tests: a webhook over TLS at localhost, whose answers are a function of what it is asked. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { authority } from '#kube/testing/certificates.ts'
import type { Deep, Json } from './ask.ts'

/** The part of an answer under `response`, or the whole of it as text with a status. */
export type Reply = Json | { readonly status: number; readonly text: string } | 'silence' | 'hangUp'

export type TestWebhook = {
  readonly port: number
  /** For a configuration: a URL on this server, and what is needed to trust it. */
  readonly client: (path?: string) => Json
  /** For a configuration: the same behind a Service. The certificate names `hook.default.svc`. */
  readonly caBundle: string
  /** The requests in the order in which they came: the path with its query, and the review. */
  readonly seen: { readonly path: string; readonly review: Deep }[]
  /** From now on it answers like this. */
  readonly answer: (reply: (review: Deep, path: string) => Reply) => void
  readonly close: () => Promise<void>
}

/** Starts one; `name` is what its certificate is made out to. */
export async function startWebhook(name = 'localhost'): Promise<TestWebhook> {
  const issuer = await authority()
  const { key, cert } = await issuer.server(name)
  const seen: TestWebhook['seen'] = []
  let reply: (review: Deep, path: string) => Reply = () => ({ allowed: true })
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    let body = ''
    incoming.on('data', (chunk) => {
      body += String(chunk)
    })
    incoming.on('end', () => {
      const review: Deep = JSON.parse(body)
      const path = incoming.url ?? ''
      seen.push({ path, review })
      const given = reply(review, path.split('?')[0] ?? '')
      if (given === 'silence') return
      if (given === 'hangUp') {
        outgoing.destroy()
        return
      }
      if ('text' in given) {
        outgoing.writeHead(given.status as number, { 'content-type': 'text/plain' })
        outgoing.end(given.text)
        return
      }
      const { apiVersion, kind, request } = review
      const response = { uid: request.uid, ...given }
      outgoing.writeHead(200, { 'content-type': 'application/json' })
      outgoing.end(JSON.stringify({ apiVersion, kind, response }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const caBundle = Buffer.from(issuer.ca).toString('base64')
  return {
    port,
    caBundle,
    client: (path = '/') => ({ url: `https://localhost:${port}${path}`, caBundle }),
    seen,
    answer: (next) => {
      reply = next
      seen.length = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What a mutating webhook answers. */
export function patchReply(operations: unknown): Json {
  const text = typeof operations === 'string' ? operations : JSON.stringify(operations)
  return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(text).toString('base64') }
}
