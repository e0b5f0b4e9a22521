/**
 * Requests and their answers over any transport: with a deadline, within the adaptive limit, and
 * repeated where that can do no harm.
 *
 * Repeated is: any request answered 429, since the server refused it before doing anything; a GET
 * answered 503; once, a GET that found its kept-alive connection closed. At most five attempts; a
 * wait is what Retry-After asks for or 0.25 s doubling, whichever is longer; when the waits
 * together would pass 30 s, the last answer stands. Writes are never repeated after a broken
 * connection: they may have happened.
 */
import { type Answer, readBody, retryAfter } from './answer.ts'
import { type BoundedRuns, boundedRuns, orAborted } from './bounded-run.ts'
import { KubeError } from './errors.ts'
import type { HttpRequest, HttpResponse, Transport } from './http.ts'
import { adaptiveLimit, type Limit, type Outcome } from './limit.ts'
import { type Clock, type Ports, sleep } from './ports.ts'

export type SendRules = {
  readonly lane?: 'request' | 'lease'
  readonly signal?: AbortSignal
  /** For the whole answer, counted from the moment the request is sent. Default 30 s. */
  readonly timeoutMs?: number
  readonly maxBytes?: number
  /** Whether the rule above applies. Default false: the first answer is the answer. */
  readonly repeat?: boolean
  /** The time to the answer tells how busy the server is. Default true; false for long lists. */
  readonly telling?: boolean
}

export type ExchangeStats = {
  readonly requests: number
  readonly repeats: number
  readonly throttled: number
  readonly limit: number
  readonly inFlight: number
  readonly waiting: number
}

export type Exchange = {
  /** Any answer, whatever its status. Rejects with a KubeError of code 0 when there is none. */
  readonly send: (request: HttpRequest, rules?: SendRules) => Promise<Answer>
  /** An answer whose body is read as it comes. The signal ends it at any time. */
  readonly open: (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>
  readonly stats: () => ExchangeStats
  /** Ends what is under way and refuses what comes after. */
  readonly close: () => void
}

const defaultTimeoutMs = 30_000
const defaultMaxBytes = 512 * 1024 * 1024
const attemptsAtMost = 5
const waitBudgetMs = 30_000
const firstWaitMs = 250

/** `mostMs` bounds whatever time-out a request has of its own. */
export function exchangeOver(
  transport: Transport,
  ports: Ports,
  userAgent: string,
  mostMs: number = Number.POSITIVE_INFINITY,
): Exchange {
  const { clock } = ports
  const limit = adaptiveLimit(clock)
  const bounds = boundedRuns(clock)
  const counts = { requests: 0, repeats: 0, throttled: 0 }
  const named = (request: HttpRequest): HttpRequest => ({
    ...request,
    headers: { 'user-agent': userAgent, ...request.headers },
  })
  const once = attempts({ transport, clock, limit, bounds, counts, mostMs })

  const send = async (request: HttpRequest, rules: SendRules = {}): Promise<Answer> => {
    const asked = named(request)
    if (rules.repeat !== true) return once(asked, rules)
    let waitedMs = 0
    for (let attempt = 0; ; attempt += 1) {
      const result = await once(asked, rules).catch((error: unknown) => {
        if (error instanceof KubeError) return error
        throw error
      })
      const waitMs = bounds.isClosed() ? undefined : patience(ports, asked, result, attempt)
      if (waitMs === undefined || waitedMs + waitMs > waitBudgetMs) {
        if (result instanceof KubeError) throw result
        return result
      }
      counts.repeats += 1
      waitedMs += waitMs
      await sleep(clock, waitMs, rules.signal)
      rules.signal?.throwIfAborted()
    }
  }

  const open = (request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> => {
    counts.requests += 1
    const asked = named(request)
    return bounds.run(asked, { timeoutMs: defaultTimeoutMs, signal }, (bounded, start) => {
      start()
      // The head has a deadline; the body has the caller's signal alone, which outlives this call.
      return orAborted(transport.send(asked, { signal, lane: 'watch' }), bounded)
    })
  }

  return { send, open, close: bounds.close, stats: () => ({ ...counts, ...limit.state() }) }
}

type Parts = {
  readonly transport: Transport
  readonly clock: Clock
  readonly limit: Limit
  readonly bounds: BoundedRuns
  readonly counts: { requests: number; throttled: number }
  readonly mostMs: number
}

/** One attempt: through the limit, or past it on the lease lane. */
function attempts(parts: Parts): (request: HttpRequest, rules: SendRules) => Promise<Answer> {
  const { limit, bounds, mostMs } = parts
  return (request, rules) => {
    const { timeoutMs = defaultTimeoutMs, signal } = rules
    const limits = { timeoutMs: Math.min(timeoutMs, mostMs), signal }
    return bounds.run(request, limits, async (bounded, start) => {
      if (rules.lane === 'lease') {
        start()
        return (await exchange(parts, request, rules, bounded)).answer
      }
      await limit.enter(bounded)
      start()
      let outcome: Outcome = { kind: 'void' }
      try {
        const done = await exchange(parts, request, rules, bounded)
        outcome = done.outcome
        return done.answer
      } catch (error) {
        const isLate = error instanceof KubeError && error.reason === 'Timeout'
        if (isLate) outcome = { kind: 'overloaded' }
        throw error
      } finally {
        limit.leave(outcome)
      }
    })
  }
}

async function exchange(
  { transport, clock, counts }: Parts,
  request: HttpRequest,
  rules: SendRules,
  signal: AbortSignal,
): Promise<{ readonly answer: Answer; readonly outcome: Outcome }> {
  const { lane = 'request', maxBytes = defaultMaxBytes, telling = true } = rules
  const sentAt = clock.monotonic()
  counts.requests += 1
  const response = await orAborted(transport.send(request, { signal, lane }), signal)
  const ms = clock.monotonic() - sentAt
  const { status, headers } = response
  const answer = { status, headers, body: await readBody(response, { maxBytes, signal }) }
  if (status === 429) counts.throttled += 1
  if (status === 429 || status === 503) return { answer, outcome: { kind: 'overloaded' } }
  return { answer, outcome: { kind: 'answered', ms: telling ? ms : undefined } }
}

/** Milliseconds to wait before another attempt, or undefined when there must be none. */
function patience(
  { clock, random }: Ports,
  request: HttpRequest,
  result: Answer | KubeError,
  attempt: number,
): number | undefined {
  if (attempt + 1 >= attemptsAtMost) return undefined
  const isSafe = request.method === 'GET'
  if (result instanceof KubeError) {
    return isSafe && attempt === 0 && result.reason === 'Unreachable' ? 0 : undefined
  }
  if (result.status !== 429 && !(isSafe && result.status === 503)) return undefined
  const ownMs = firstWaitMs * 2 ** attempt * (0.5 + random() / 2)
  return Math.max(ownMs, retryAfter(result.headers['retry-after'], clock.now()) ?? 0)
}
