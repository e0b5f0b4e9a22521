/**
 * One watch stream from its opening to its end, with an eye on the clock. What the end means is
 * decided in cache-loop.ts.
 *
 * A stream is given up as silent when no byte came for 50 to 58 s: a connection whose other side is
 * gone looks exactly like a kind where nothing happens, and asking again from the same version
 * costs one small request. Real servers send a bookmark about once a minute, just too late, so the
 * cache asks for short streams after a silent one: a server sends a bookmark shortly before it ends
 * a stream.
 */
import { errorOf, letGo, nextChunk, readBody } from './answer.ts'
import { KubeError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { HttpRequest, HttpResponse } from './http.ts'
import type { Ports } from './ports.ts'
import {
  lastLine,
  nothingLeft,
  readLine,
  splitLines,
  type WatchEvent,
  type WatchState,
} from './watch.ts'

export type StreamEnd =
  /** The server closed it, as it does after the time asked for. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'malformed'; readonly error: KubeError }
  /** Refused, broken, or ended by an ERROR event. */
  | { readonly kind: 'failed'; readonly error: KubeError }
  | { readonly kind: 'stopped' }

export type StreamReport = {
  readonly end: StreamEnd
  /** The server answered 200. */
  readonly accepted: boolean
  readonly state: WatchState
  readonly events: number
  readonly bookmarks: number
  readonly lastedMs: number
}

export type StreamRules = {
  readonly request: HttpRequest
  readonly from: WatchState
  readonly silenceMs: number
  /** The same while the initial list is incomplete. */
  readonly listSilenceMs: number
  /** The initial list is complete by then, or the stream counts as silent. */
  readonly listMostMs: number
  /** The stream ends then at the latest, whatever the server says. */
  readonly mostMs: number
  readonly signal: AbortSignal
  /** The head has come: the server accepted the watch. */
  readonly accepted: () => void
  /** Never throws. Returning false ends the stream as `ended`. */
  readonly handle: (event: WatchEvent, state: WatchState) => boolean
}

/**
 * Far above the 1.5 MiB that an API server stores, and a bound on what a broken one can make us
 * hold.
 */
const mostLineBytes = 16 * 1024 * 1024

/** Never rejects. */
export async function followStream(
  exchange: Exchange,
  ports: Ports,
  rules: StreamRules,
): Promise<StreamReport> {
  const { clock } = ports
  const begunAt = clock.monotonic()
  const progress = { state: rules.from, accepted: false, events: 0, bookmarks: 0, heardAt: begunAt }
  const watchdog = watch(ports, rules, progress)
  const finish = (end: StreamEnd): StreamReport => {
    const { state, accepted, events, bookmarks } = progress
    return { end, accepted, state, events, bookmarks, lastedMs: clock.monotonic() - begunAt }
  }
  try {
    const response = await exchange.open(rules.request, watchdog.signal)
    progress.heardAt = clock.monotonic()
    if (response.status !== 200) {
      return finish({ kind: 'failed', error: await refusal(response, rules, ports) })
    }
    progress.accepted = true
    rules.accepted()
    return finish(await readEvents(response, watchdog.signal, rules, progress, clock.monotonic))
  } catch (error) {
    if (rules.signal.aborted) return finish({ kind: 'stopped' })
    if (watchdog.signal.aborted) return finish(watchdog.signal.reason as StreamEnd)
    return finish({ kind: 'failed', error: asKubeError(error, rules.request) })
  } finally {
    watchdog.cancel()
  }
}

type Progress = {
  state: WatchState
  accepted: boolean
  events: number
  bookmarks: number
  heardAt: number
}

/**
 * A signal that aborts with a StreamEnd when the stream was silent or lived too long, or when it is
 * to stop.
 */
function watch(
  { clock }: Ports,
  rules: StreamRules,
  progress: Progress,
): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const controller = new AbortController()
  const end = (reason: StreamEnd): void => controller.abort(reason)
  const stop = (): void => end({ kind: 'stopped' })
  let cancelTimer = (): void => undefined
  const begunAt = clock.monotonic()
  // Looked at when it may be due instead of being set anew for every chunk.
  const arm = (): void => {
    const { listed } = progress.state
    const due = listed
      ? progress.heardAt + rules.silenceMs
      : Math.min(progress.heardAt + rules.listSilenceMs, begunAt + rules.listMostMs)
    const left = due - clock.monotonic()
    if (left <= 0) return end({ kind: 'silent' })
    cancelTimer = clock.after(left, arm)
  }
  arm()
  const cancelMost = clock.after(rules.mostMs, () => end({ kind: 'ended' }))
  if (rules.signal.aborted) stop()
  rules.signal.addEventListener('abort', stop, { once: true })
  const cancel = (): void => {
    cancelTimer()
    cancelMost()
    rules.signal.removeEventListener('abort', stop)
    // Whatever way the stream ended, its connection is let go.
    if (!controller.signal.aborted) end({ kind: 'ended' })
  }
  return { signal: controller.signal, cancel }
}

async function readEvents(
  response: HttpResponse,
  signal: AbortSignal,
  rules: StreamRules,
  progress: Progress,
  monotonic: () => number,
): Promise<StreamEnd> {
  const chunks = response.body[Symbol.asyncIterator]()
  let remainder = nothingLeft
  try {
    while (true) {
      const { done, value } = await nextChunk(chunks, signal)
      if (done === true)
        return takeLines([lastLine(remainder)], rules, progress) ?? { kind: 'ended' }
      progress.heardAt = monotonic()
      const split = splitLines(remainder, value)
      remainder = split.remainder
      if (remainder.bytes > mostLineBytes) return unreadable('a watch event of over 16 MiB')
      const end = takeLines(split.lines, rules, progress)
      if (end !== undefined) return end
    }
  } finally {
    letGo(chunks)
  }
}

function takeLines(
  lines: readonly string[],
  rules: StreamRules,
  progress: Progress,
): StreamEnd | undefined {
  for (const line of lines) {
    const { state, event } = readLine(progress.state, line)
    if (event === undefined) continue
    if (event.kind === 'malformed') return unreadable(event.why)
    if (event.kind === 'error') return { kind: 'failed', error: event.error }
    progress.state = state
    if (event.kind === 'bookmark') progress.bookmarks += 1
    else progress.events += 1
    if (!rules.handle(event, state)) return { kind: 'ended' }
    if (rules.signal.aborted) return { kind: 'stopped' }
  }
  return undefined
}

async function refusal(
  response: HttpResponse,
  { request, signal }: StreamRules,
  { clock }: Ports,
): Promise<KubeError> {
  const limits = { maxBytes: 1024 * 1024, signal }
  const body = await readBody(response, limits).catch(() => '')
  const { status, headers } = response
  return errorOf(request, { status, headers, body }, clock.now())
}

function unreadable(message: string): StreamEnd {
  return { kind: 'malformed', error: new KubeError({ reason: 'Unknown', code: 0, message }) }
}

function asKubeError(error: unknown, { method, path }: HttpRequest): KubeError {
  if (error instanceof KubeError) return error
  const why = error instanceof Error ? error.message : String(error)
  const message = `${method} ${path} broke off: ${why}`
  return new KubeError({ reason: 'Unreachable', code: 0, message, cause: error })
}
