/**
 * A watch stream as values: bytes to lines, lines to events. Pure; the loop around it is in
 * cache.ts.
 */
import type { KubeObject } from '#core/k8s/meta.ts'
import { errorOfStatus, isRecord } from './answer.ts'
import type { KubeError, KubeStatus } from './errors.ts'

export type WatchState = {
  /** The newest resourceVersion seen, bookmarks included; where a next watch goes on. */
  readonly resourceVersion: string
  /** False while the stream still brings what existed before it began. */
  readonly listed: boolean
}

export type WatchEvent =
  | { readonly kind: 'put'; readonly object: KubeObject }
  | { readonly kind: 'gone'; readonly object: KubeObject }
  /** Only the version moved. `completesList` marks the end of the initial events. */
  | { readonly kind: 'bookmark'; readonly completesList: boolean }
  | { readonly kind: 'error'; readonly error: KubeError }
  | { readonly kind: 'malformed'; readonly why: string }

const endOfList = 'k8s.io/initial-events-end'

/**
 * One line of a watch. An empty line is no event (some proxies send them to keep a connection
 * alive).
 */
export function readLine(
  state: WatchState,
  line: string,
): { readonly state: WatchState; readonly event: WatchEvent | undefined } {
  if (line.trim() === '') return { state, event: undefined }
  const parsed = parse(line)
  const object = parsed?.['object']
  if (parsed === undefined || !isRecord(object)) return malformed(state, line)
  if (parsed['type'] === 'ERROR') {
    return { state, event: { kind: 'error', error: errorOfStatus(object as KubeStatus) } }
  }
  const metadata = object['metadata']
  if (!isRecord(metadata)) return malformed(state, line)
  const version = metadata['resourceVersion']
  if (typeof version !== 'string' || version === '') return malformed(state, line)
  if (parsed['type'] === 'BOOKMARK') return bookmark(state, version, metadata['annotations'])
  if (typeof metadata['name'] !== 'string') return malformed(state, line)
  const kind = kindOf(parsed['type'])
  if (kind === undefined) return malformed(state, line)
  // Initial events come in no order, so none of them says how far the stream is.
  const next = state.listed ? { ...state, resourceVersion: version } : state
  return { state: next, event: { kind, object: object as unknown as KubeObject } }
}

function bookmark(
  state: WatchState,
  resourceVersion: string,
  annotations: unknown,
): { readonly state: WatchState; readonly event: WatchEvent } {
  const completesList = !state.listed && isRecord(annotations) && annotations[endOfList] === 'true'
  const listed = state.listed || completesList
  return {
    state: listed ? { resourceVersion, listed } : state,
    event: { kind: 'bookmark', completesList },
  }
}

function kindOf(type: unknown): 'put' | 'gone' | undefined {
  if (type === 'ADDED' || type === 'MODIFIED') return 'put'
  return type === 'DELETED' ? 'gone' : undefined
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(line)
    return isRecord(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function malformed(
  state: WatchState,
  line: string,
): { readonly state: WatchState; readonly event: WatchEvent } {
  const why = `a watch event that cannot be read: ${line.slice(0, 120)}`
  return { state, event: { kind: 'malformed', why } }
}

/** The beginning of a line whose end has not arrived. */
export type Remainder = {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
}

export const nothingLeft: Remainder = { chunks: [], bytes: 0 }

const newline = 0x0a
const decoder = new TextDecoder()

/**
 * Adds a chunk and takes out the lines it completes. Decodes whole lines only, so a character split
 * between two chunks stays whole (no byte of a multi-byte character is a newline).
 */
export function splitLines(
  remainder: Remainder,
  chunk: Uint8Array | string,
): { readonly lines: readonly string[]; readonly remainder: Remainder } {
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  const lines: string[] = []
  let begin = 0
  let pending = remainder
  for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, begin)) {
    lines.push(textOf(pending, bytes.subarray(begin, end)))
    pending = nothingLeft
    begin = end + 1
  }
  if (begin === bytes.length) return { lines, remainder: pending }
  const rest = bytes.subarray(begin)
  const chunks = [...pending.chunks, rest]
  return { lines, remainder: { chunks, bytes: pending.bytes + rest.length } }
}

/** What is left when the stream ended without a last newline. */
export function lastLine({ chunks }: Remainder): string {
  return decoder.decode(Buffer.concat(chunks))
}

function textOf(pending: Remainder, end: Uint8Array): string {
  if (pending.bytes === 0) return decoder.decode(end)
  return decoder.decode(Buffer.concat([...pending.chunks, end]))
}
