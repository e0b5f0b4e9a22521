/**
 * Where Superposition's events arrive: `/hi` as the document has it, and `/events`. Whoever may speak is told at once,
 * what is said is written down, and only then is it answered.
 */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import { BodyTooLarge, hasBody, readBody } from '#http/body.ts'
import { hostileBecause, isJson } from '#http/loopback.ts'
import type { SignIn } from '#http/sign-in.ts'
import type { Log } from '#kube/log.ts'
import { type Clock, sleep } from '#kube/ports.ts'
import { readEvent, type SuperpositionEvent } from './event.ts'
import type { Recorded } from './store.ts'

export type ListenerParts = {
  /** Undefined where everybody may speak. */
  readonly signIn: SignIn | undefined
  /** Only this machine may speak, and no web page on it. */
  readonly isLoopbackOnly: boolean
  readonly record: (event: Exclude<SuperpositionEvent, { kind: 'ignored' }>) => Promise<Recorded>
  readonly clock: Clock
  readonly log: Log
}

const paths: readonly string[] = ['/hi', '/events']
const limitBytes = 1024 * 1024
/** Events that are being written at a time; more of them are asked to come again. */
const mostAtOnce = 64
/** Superposition waits for ten seconds; long before that it is told to come again. */
const patienceMs = 5000

/** What the original says of every event that it took. */
const done = 'deployment done!'

export function eventServer(parts: ListenerParts): Server {
  let atOnce = 0
  const limits = { requestTimeout: 10_000, headersTimeout: 5000 }
  return createServer(limits, (request, response) => {
    if (atOnce >= mostAtOnce)
      return answer(response, 503, 'too many events at a time; send it again', {
        'retry-after': '1',
      })
    atOnce += 1
    handle(parts, request, response)
      .catch((error: unknown) => failed(parts, response, error))
      .finally(() => {
        atOnce -= 1
      })
  })
}

async function handle(
  parts: ListenerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  const hostile = parts.isLoopbackOnly ? hostileBecause(request) : undefined
  if (hostile !== undefined) return answer(response, 403, hostile)
  if (!paths.includes(path))
    return answer(response, 404, `${paths.join(' and ')} take events; nothing else is here`)
  const { method = 'GET' } = request
  if (method === 'HEAD' || (method === 'GET' && !hasBody(request)))
    return answer(response, 200, 'ready')
  if (!['GET', 'POST', 'PUT', 'PATCH'].includes(method))
    return answer(response, 405, `${method} is not taken; POST an event`, {
      allow: 'GET, HEAD, POST, PUT, PATCH',
    })
  if (parts.signIn !== undefined && (await parts.signIn(request.headers)) === undefined)
    return answer(response, 401, 'the shared secret is missing or wrong', {
      'www-authenticate': 'Bearer',
      connection: 'close',
    })
  if (!isJson(request.headers['content-type']))
    return answer(response, 400, 'send the event with content-type: application/json')
  const body = await readBody(request, limitBytes)
  const event = readEvent(body.toString('utf8'))
  await take(parts, event, response)
}

async function take(
  parts: ListenerParts,
  event: ReturnType<typeof readEvent>,
  response: ServerResponse,
): Promise<void> {
  if (event.kind === 'refused') return told(parts, event, response)
  if (event.kind === 'ignored') {
    parts.log.info({ event: event.event.slice(0, 100) }, 'an event that is not known was ignored')
    return answer(response, 200, done, { 'x-headgate-outcome': 'ignored' })
  }
  told(parts, await inTime(parts, parts.record(event)), response)
}

/** The API server may be slow: the event is sent again then, and finds what became of the first. */
async function inTime({ clock }: ListenerParts, recorded: Promise<Recorded>): Promise<Recorded> {
  const patience = new AbortController()
  const tooLate = sleep(clock, patienceMs, patience.signal).then((): Recorded => {
    return { kind: 'later', why: 'the event could not be recorded in time; send it again' }
  })
  try {
    return await Promise.race([recorded, tooLate])
  } finally {
    patience.abort()
  }
}

function told({ log }: ListenerParts, outcome: Recorded, response: ServerResponse): void {
  switch (outcome.kind) {
    case 'recorded':
    case 'unchanged':
      log.info({ experiment: outcome.record, outcome: outcome.kind }, outcome.why)
      return answer(response, 200, done, { 'x-headgate-outcome': outcome.kind })
    case 'refused':
      log.warn({ code: outcome.code, why: outcome.why }, 'an event was refused')
      return answer(response, outcome.code, outcome.why)
    case 'conflict':
      log.warn({ code: 409, why: outcome.why }, 'an event was refused')
      return answer(response, 409, outcome.why)
    case 'later':
      log.warn({ code: 503, why: outcome.why }, 'an event has to be sent again')
      return answer(response, 503, outcome.why, { 'retry-after': '1' })
  }
}

function failed({ log }: ListenerParts, response: ServerResponse, error: unknown): void {
  if (response.headersSent) return
  if (error instanceof BodyTooLarge)
    return answer(response, 413, error.message, { connection: 'close' })
  log.error({ error: String(error) }, 'an event could not be taken')
  answer(response, 500, 'the event could not be taken; the log says why', { connection: 'close' })
}

function answer(
  response: ServerResponse,
  status: number,
  message: string,
  headers: OutgoingHttpHeaders = {},
): void {
  const text = JSON.stringify({ message })
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}
