/** Tells transitions as CloudEvents 1.0 over HTTP, in structured mode. Redirects are not followed. */
import type { Answer } from '#kube/answer.ts'
import type { Reach } from '#kube/reach.ts'
import { delivered, type Outcome, type Sink } from './sink.ts'

export type HttpSinkOptions = {
  /** The address, as its administrator wrote it; the guard of addresses looks at it. */
  readonly url: string
  readonly reach: Reach
  /** A bearer token, read anew for each attempt; undefined sends none. */
  readonly token: (() => Promise<string>) | undefined
  /** Wall clock, for dates in `Retry-After`. */
  readonly now: () => number
  /** `file`: what would be lines of a file, each as plain JSON. Default: CloudEvents. */
  readonly of?: 'http' | 'file'
  /** For a whole attempt. Default 10 s. */
  readonly timeoutMs?: number
}

export function httpSink(options: HttpSinkOptions): Sink {
  return {
    name: 'http',
    atOnce: 4,
    attempts: (messages) =>
      messages[options.of ?? 'http'].map((event) => async () => {
        try {
          return outcomeOf(await send(options, event), options.now())
        } catch (error) {
          return { kind: 'later', why: told(options.url, error) }
        }
      }),
  }
}

const mediaTypes = { http: 'application/cloudevents+json', file: 'application/json' } as const

async function send(
  { url, reach, token, of = 'http', timeoutMs = 10_000 }: HttpSinkOptions,
  event: unknown,
): Promise<Answer> {
  const secret = token === undefined ? {} : { authorization: `Bearer ${(await token()).trim()}` }
  return await reach.url(url, {
    method: 'POST',
    headers: { 'content-type': mediaTypes[of], ...secret },
    body: JSON.stringify(event),
    timeoutMs,
    confidential: token !== undefined,
  })
}

// Somebody may yet deploy the receiver or mend the token; what is wrong with a message stays wrong.
const mayBeMended: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429])

function outcomeOf({ status, headers }: Answer, now: number): Outcome {
  if (status >= 200 && status < 300) return delivered
  if (status === 410) return { kind: 'gone', why: 'answered 410: it takes no events any more' }
  const why =
    status >= 300 && status < 400
      ? `answered ${status}: redirects are not followed; name the address itself`
      : `answered ${status}`
  if (status >= 400 && status < 500 && !mayBeMended.has(status)) return { kind: 'refused', why }
  const afterMs = retryAfterMs(headers['retry-after'], now)
  return { kind: 'later', why, ...(afterMs === undefined ? {} : { afterMs }) }
}

/** Seconds, or a date. */
function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** An address may hold a key in its path or query. */
function told(url: string, error: unknown): string {
  const message = error instanceof Error ? error.message : 'the request failed'
  return URL.canParse(url) ? message.replaceAll(url, new URL(url).origin) : message
}
