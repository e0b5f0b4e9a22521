/**
 * Performs what releases ask over HTTP: metrics, health, webhooks. What goes wrong becomes an answer too, with a
 * sentence that holds no part of a body and nothing of a secret.
 */
import type { HttpAnswer, HttpAsk, SecretName, UrlAsk } from '#core/http-ask.ts'
import type { Answer } from '#kube/answer.ts'
import type { Reach, ReachOptions } from '#kube/reach.ts'
import type { Credentials, Secrets } from './secrets.ts'

/** Performs an ask within its time and size. Never rejects. */
export type Ask = (ask: HttpAsk) => Promise<HttpAnswer>

/** So many at once to one address, over all releases; what is beyond waits its turn. */
const mostAtOnce = 16

export function askThrough(reach: Reach, secrets: Secrets): Ask {
  const turn = turns(mostAtOnce)
  return (ask) =>
    turn(placeOf(ask), async () => {
      try {
        if (ask.kind === 'pod') return answered(await reach.pod(ask.pod, optionsOf(ask)))
        return await askUrl(reach, secrets, ask)
      } catch (error) {
        return { kind: 'failed', message: told(ask, error) }
      }
    })
}

async function askUrl(reach: Reach, secrets: Secrets, ask: UrlAsk): Promise<HttpAnswer> {
  const credentials = ask.secret === undefined ? none : await secrets.read(ask.secret, ask.url)
  const options = optionsOf(ask)
  const answer = await reach.url(ask.url, {
    ...options,
    headers: { ...options.headers, ...credentials.headers },
    tls: { ...(ask.caBundle === undefined ? {} : { ca: ask.caBundle }), ...credentials.tls },
    confidential: ask.secret !== undefined,
  })
  forgetRefused(secrets, ask.secret, answer)
  return answered(answer, credentials)
}

const none: Credentials = { headers: {}, tls: {}, confidential: [] }

function optionsOf({ method, headers, body, timeoutMs, maxBytes }: HttpAsk): ReachOptions {
  return { method, headers, timeoutMs, maxBytes, ...(body === undefined ? {} : { body }) }
}

function forgetRefused(secrets: Secrets, name: SecretName | undefined, { status }: Answer): void {
  if (name !== undefined && (status === 401 || status === 403)) secrets.forget(name)
}

// Whoever is asked may echo what it was sent; answers are kept in snapshots, and those are written down.
function answered({ status, body }: Answer, { confidential } = none): HttpAnswer {
  const clean = confidential.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), body)
  return { kind: 'answer', status, body: clean }
}

/** A query makes an address so long that nobody gets to read what is wrong with it. */
function told(ask: HttpAsk, error: unknown): string {
  const message = error instanceof Error ? error.message : 'the request failed'
  return ask.kind === 'url' && URL.canParse(ask.url)
    ? message.replaceAll(ask.url, new URL(ask.url).origin)
    : message
}

/** Who answers slowly keeps only those waiting who ask the same. */
function placeOf(ask: HttpAsk): string {
  if (ask.kind === 'pod') return `pods of ${ask.pod.namespace}`
  return URL.canParse(ask.url) ? new URL(ask.url).origin : ''
}

/** Lets so many tasks of one place run at once; the others wait in order. */
function turns(most: number): <T>(place: string, task: () => Promise<T>) => Promise<T> {
  const places = new Map<string, { running: number; readonly waiting: (() => void)[] }>()
  return async (place, task) => {
    const own = places.get(place) ?? { running: 0, waiting: [] }
    places.set(place, own)
    if (own.running >= most) await new Promise<void>((go) => own.waiting.push(go))
    else own.running += 1
    try {
      return await task()
    } finally {
      const next = own.waiting.shift()
      if (next !== undefined) next()
      else {
        own.running -= 1
        if (own.running === 0) places.delete(place)
      }
    }
  }
}
