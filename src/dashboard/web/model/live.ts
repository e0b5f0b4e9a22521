/** The stream of what changes: kept open, opened again with growing pauses, and never silently dead. */
import { signal } from '@preact/signals'
import type { ReleaseId, StreamEvents } from '../../wire.ts'
import { tell } from './announce.ts'
import { eventReader } from './event-stream.ts'
import { forget, hear, known } from './picture.ts'
import { headers, isOutdated, refused, sentenceOf } from './session.ts'

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly why: string; readonly retryAt: number }

export const connection = signal<Connection>({ kind: 'connecting' })

/** When the server was heard last, by this machine's clock. */
export const heardAt = signal<number | undefined>(undefined)

/** Why the release that is looked at cannot be seen closely, if so. */
export const unseen = signal<Unseen | undefined>(undefined)

export type Unseen = { readonly why: string; readonly isForbidden: boolean }

/** The server speaks every few seconds; a connection that is silent for so long is dead, whatever TCP believes. */
const silentMs = 15_000

/** The pause grows twofold up to this; a part of it is chance, so that not all pages come back at once. */
const longestPauseMs = 15_000

/** The id of the last change of the list that was heard: the next stream tells only what is news. */
let last: string | undefined

let stop: (() => void) | undefined
let hurry: (() => void) | undefined

/** Follows the list, and one release in detail; ends what was followed before. */
export function follow(id: ReleaseId | undefined): void {
  stop?.()
  unseen.value = undefined
  const over = new AbortController()
  stop = () => over.abort()
  void run(id, over.signal)
}

export function followNothing(): void {
  stop?.()
  stop = undefined
  connection.value = { kind: 'connecting' }
  heardAt.value = undefined
}

/** Does not wait for the pause to end. */
export function retryNow(): void {
  hurry?.()
}

export function watchTheNetwork(): void {
  addEventListener('online', retryNow)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) retryNow()
  })
}

async function run(id: ReleaseId | undefined, over: AbortSignal): Promise<void> {
  let failures = 0
  while (!over.aborted) {
    const why = await listen(id, over, () => {
      failures = 0
    })
    if (over.aborted || why === undefined) return
    failures += 1
    const pause = Math.min(longestPauseMs, 500 * 2 ** (failures - 1)) * (0.75 + Math.random() / 2)
    connection.value = { kind: 'lost', why, retryAt: Date.now() + pause }
    await waiting(pause, over)
  }
}

/** Until the connection ends: why, or nothing where it is not to be opened again. */
async function listen(
  id: ReleaseId | undefined,
  over: AbortSignal,
  opened: () => void,
): Promise<string | undefined> {
  const silence = new AbortController()
  const signalOf = AbortSignal.any([over, silence.signal])
  let watchdog = setTimeout(() => silence.abort(), silentMs)
  try {
    const answer = await fetch(`/api/v1/stream${queryOf(id)}`, {
      headers: {
        ...headers(),
        accept: 'text/event-stream',
        // Who has forgotten the list needs all of it.
        ...(last === undefined || !known.peek() ? {} : { 'last-event-id': last }),
      },
      signal: signalOf,
      cache: 'no-store',
    })
    if (answer.status === 401) {
      refused(await sentenceOf(answer))
      return undefined
    }
    if (id !== undefined && (answer.status === 403 || answer.status === 404)) {
      unseen.value = { why: await sentenceOf(answer), isForbidden: answer.status === 403 }
      // Also what was seen of it before, with actions that are no longer allowed.
      forget('detail')
      return await listen(undefined, over, opened)
    }
    if (!answer.ok || answer.body === null) return await sentenceOf(answer)
    const read = eventReader(({ name, data, id: heard }) => {
      understand(name, data)
      last = heard ?? last
    })
    const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    // By hand: not every browser of today iterates over a stream.
    for (;;) {
      const { done, value } = await pieces.read()
      if (done) return 'The server ended the connection.'
      clearTimeout(watchdog)
      watchdog = setTimeout(() => silence.abort(), silentMs)
      heardAt.value = Date.now()
      opened()
      live()
      read(value)
    }
  } catch (error) {
    if (silence.signal.aborted) return 'The server has not been heard for too long.'
    return error instanceof SyntaxError
      ? 'The server said something that this page does not understand; reload it.'
      : 'The server cannot be reached.'
  } finally {
    clearTimeout(watchdog)
    silence.abort()
  }
}

function live(): void {
  const before = connection.value.kind
  if (before === 'live') return
  connection.value = { kind: 'live' }
  if (before === 'lost') void welcomeBack()
}

async function welcomeBack(): Promise<void> {
  tell(
    (await isOutdated())
      ? 'Connected again, to another version of Headgate: reload the page.'
      : 'Connected again; the picture is fresh.',
  )
}

const names: { readonly [K in keyof StreamEvents]: true } = {
  rows: true,
  changed: true,
  gone: true,
  detail: true,
  missing: true,
  tick: true,
}

function isName(name: string): name is keyof StreamEvents {
  return Object.hasOwn(names, name)
}

/** A newer server may speak of more than this page knows. */
function understand(name: string, data: string): void {
  // The one place where the server's word is taken for what wire.ts says.
  if (isName(name)) hear(name, JSON.parse(data) as StreamEvents[typeof name])
}

function queryOf(id: ReleaseId | undefined): string {
  if (id === undefined) return ''
  const { door, namespace, name } = id
  return `?${new URLSearchParams({ door, namespace, name }).toString()}`
}

function waiting(ms: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      over.removeEventListener('abort', end)
      hurry = undefined
      resolve()
    }
    const timer = setTimeout(end, ms)
    over.addEventListener('abort', end)
    hurry = end
  })
}
