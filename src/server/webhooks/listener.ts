/** The listener for webhooks, over TLS: `/convert` and `/validate`. Its certificate may change while it listens. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Door } from '#doors/door.ts'
import { BodyTooLarge, readBody } from '#http/body.ts'
import { type Address, type Listening, listen } from '#http/listen.ts'
import type { Clock } from '#kube/ports.ts'
import type { Pair } from './certificates.ts'
import { admissionReview, convertReview, NoReview } from './reviews.ts'

export type Listener = Listening & {
  /** From the next connection on. */
  readonly present: (pair: Pair) => void
}

/** A list of objects of which each may have the size that etcd takes. */
const limitBytes = 64 * 1024 * 1024

export async function startListener(
  doors: readonly Door[],
  pair: Pair,
  at: Address,
  clock: Clock,
): Promise<Listener> {
  const server: Server = createServer(
    { cert: pair.certPem, key: pair.keyPem, minVersion: 'TLSv1.2' },
    (request, response) => void answer(request, response, doors),
  )
  // Somebody who does not trust our certificate must not end the process.
  server.on('tlsClientError', () => undefined)
  const listening = await listen(server, at, clock)
  return {
    ...listening,
    present: ({ certPem, keyPem }) =>
      server.setSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.2' }),
  }
}

const reviews = { '/convert': convertReview, '/validate': admissionReview } as const

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  doors: readonly Door[],
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  if (path !== '/convert' && path !== '/validate')
    return say(response, 404, 'only /convert and /validate are here\n')
  if (request.method !== 'POST') return say(response, 405, 'ask with POST\n')
  try {
    const body = await readBody(request, limitBytes)
    const review = reviews[path](JSON.parse(body.toString('utf8')), doors)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(review))
  } catch (error) {
    if (error instanceof BodyTooLarge) return say(response, 413, `${error.message}\n`)
    const known = error instanceof NoReview || error instanceof SyntaxError
    say(response, known ? 400 : 500, known ? `${error.message}\n` : 'the review failed\n')
  }
}

function say(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return
  const headers = { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }
  response.writeHead(status, headers).end(text)
}
