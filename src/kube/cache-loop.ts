/**
 * Keeps a live copy up to date: an initial list, then a watch that is opened again and again from
 * where the last one ended.
 *
 * The list comes through a stream (WatchList) where the server offers it, else page by page, for
 * good once it refused. Nothing of a stream is shown before its list is complete. A version that is
 * gone (410), or ahead of a server restored from a backup, leads to one fresh list, which replaces
 * the content in one step. Every other failure keeps the content, waits (see backoff.ts) and goes
 * on from the last version.
 *
 * What a server or a proxy silently left out of a healthy stream no watch can notice. So about once
 * an hour a stream begins with the whole content instead of where the last one ended: no request
 * more, and a lost change lives no longer than that.
 */
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { isVersionGone } from './answer.ts'
import { backoff } from './backoff.ts'
import type { CacheSurroundings } from './cache.ts'
import type { WatchOptions } from './cluster.ts'
import { KubeError } from './errors.ts'
import { followStream, type StreamReport } from './follow.ts'
import { newestVersion, readList } from './pages.ts'
import { sleep } from './ports.ts'
import { watchRequest } from './request.ts'
import { keyOf } from './store.ts'
import { isOlder } from './versions.ts'
import type { WatchEvent, WatchState } from './watch.ts'

/** Where the loop delivers. None of these throws. */
export type CacheTarget<T> = {
  /** Undefined for an object that cannot be projected; it is left out. */
  readonly project: (object: KubeObject) => T | undefined
  readonly replace: (all: readonly T[], resourceVersion: string) => void
  readonly put: (object: T) => void
  readonly gone: (object: T) => void
  readonly moved: (resourceVersion: string) => void
  readonly well: () => void
  readonly broken: (error: Error) => void
}

export type LoopParts<T> = Omit<CacheSurroundings, 'ended'> & {
  readonly kind: Kind
  readonly options: WatchOptions<T>
  readonly target: CacheTarget<T>
  readonly signal: AbortSignal
}

/**
 * An initial stream that says nothing for so long comes from a server that never heard of
 * WatchList.
 */
const listSilenceMs = 10_000
const listMostMs = 60_000
/**
 * A stream that ends sooner than this counts as a failure, so that a server closing each at once is
 * not stormed.
 */
const shortLivedMs = 5_000
/** A stream that ends so long after the last list is followed by one that begins with a list. */
const freshEveryMs = 3_600_000
/** Relists closer together than this wait like failures do. */
const relistPauseMs = 10_000
/**
 * Shorter than the silence that is tolerated, so that the bookmark before the end comes in time.
 */
const quietTimeoutSeconds = 45
/**
 * After so many streams in a row that broke inside their list, or at one malformed line, the other
 * way is taken.
 */
const patience = 3

type Memory = {
  /** Undefined when a fresh list is due. */
  position: string | undefined
  /** The server refused WatchList. */
  listsOnly: boolean
  brokenLists: number
  malformed: number
  /** Streams in a row that brought nothing at all. */
  empty: number
  /**
   * Nothing happens here: streams end early by agreement, so that their last bookmark comes in
   * time.
   */
  quiet: boolean
  listedAt: number
  lists: number
}

/** Resolves when the signal has aborted and nothing is under way any more. Never rejects. */
export async function keepUp<T>(parts: LoopParts<T>): Promise<void> {
  const { ports, signal } = parts
  const pause = backoff(ports)
  const memory: Memory = {
    position: undefined,
    listsOnly: false,
    brokenLists: 0,
    malformed: 0,
    empty: 0,
    quiet: false,
    listedAt: Number.NEGATIVE_INFINITY,
    lists: 0,
  }
  while (!signal.aborted) {
    const waitMs = await pass(parts, memory, pause.next)
    if (waitMs > 0) await sleep(ports.clock, waitMs, signal)
  }
}

type Pause = (retryAfterMs?: number) => number

/** One list or one stream. Returns how long to wait before the next, in ms. */
async function pass<T>(parts: LoopParts<T>, memory: Memory, pause: Pause): Promise<number> {
  const { position } = memory
  if (position === undefined && (memory.listsOnly || memory.brokenLists >= patience)) {
    return readWhole(parts, memory, pause)
  }
  const report = await follow(parts, memory)
  if (report.end.kind === 'stopped') return 0
  if (report.state.listed) memory.position = report.state.resourceVersion
  parts.stats.restarts += 1
  const waitMs = report.state.listed
    ? afterStream(report, parts, memory, pause)
    : afterBrokenList(report, parts, memory, pause)
  await suspectSilence(report, parts, memory)
  return waitMs
}

async function readWhole<T>(parts: LoopParts<T>, memory: Memory, pause: Pause): Promise<number> {
  const { exchange, ports, kind, options, target, signal } = parts
  try {
    const { project: _, ...where } = options
    const list = await readList(
      exchange,
      ports.clock,
      { kind, options: where, rules: { repeat: false, signal } },
      target.project,
    )
    if (signal.aborted) return 0
    const items = list.items.filter((item) => item !== undefined)
    listed(parts, memory)
    memory.position = list.resourceVersion
    target.replace(items, list.resourceVersion)
    return 0
  } catch (error) {
    if (signal.aborted) return 0
    target.broken(error instanceof Error ? error : new Error(String(error)))
    return pause(error instanceof KubeError ? error.retryAfterMs : undefined)
  }
}

function follow<T>(parts: LoopParts<T>, memory: Memory): Promise<StreamReport> {
  const { exchange, ports, kind, options, target, signal } = parts
  const { project: _, ...where } = options
  const { position } = memory
  const initial = position === undefined
  const timeoutSeconds = memory.quiet ? quietTimeoutSeconds : 300 + Math.floor(ports.random() * 300)
  const from = { resourceVersion: position ?? '', listed: !initial }
  const begin = initial ? { sendInitialEvents: true } : { resourceVersion: position }
  return followStream(exchange, ports, {
    request: watchRequest(kind, { ...where, ...begin, timeoutSeconds }),
    from,
    listSilenceMs,
    listMostMs,
    silenceMs: 50_000 + ports.random() * 8_000,
    mostMs: timeoutSeconds * 1000 + 30_000,
    signal,
    accepted: () => {
      if (!initial) target.well()
    },
    handle: receiver(parts, memory, from),
  })
}

/** Takes events in: into a list that is still growing, then into what everyone sees. */
function receiver<T>(
  parts: LoopParts<T>,
  memory: Memory,
  from: WatchState,
): (event: WatchEvent, state: WatchState) => boolean {
  const { target } = parts
  const growing = new Map<string, T>()
  let complete = from.listed
  return (event, state) => {
    if (event.kind === 'bookmark') {
      if (event.completesList) {
        complete = true
        listed(parts, memory)
        target.replace([...growing.values()], state.resourceVersion)
        growing.clear()
      } else if (!complete) {
        // A server that knows WatchList sends no other bookmark before the list is complete.
        memory.listsOnly = true
        return false
      }
    }
    if (event.kind === 'put' || event.kind === 'gone') {
      const object = target.project(event.object)
      if (object === undefined) return true
      if (complete) target[event.kind](object)
      else if (event.kind === 'put') growing.set(keyOf(object), object)
      else growing.delete(keyOf(object))
    }
    memory.malformed = 0
    if (complete) target.moved(state.resourceVersion)
    return true
  }
}

function listed<T>({ ports, stats }: LoopParts<T>, memory: Memory): void {
  if (memory.lists > 0) stats.relists += 1
  memory.lists += 1
  memory.brokenLists = 0
  memory.malformed = 0
  memory.listedAt = ports.clock.monotonic()
}

/** The stream ended before its list was complete. */
function afterBrokenList<T>(
  { end, accepted }: StreamReport,
  { target, stats }: LoopParts<T>,
  memory: Memory,
  pause: Pause,
): number {
  if (end.kind === 'failed' && isRefusal(end.error)) memory.listsOnly = true
  if (end.kind === 'silent' && accepted) memory.listsOnly = true
  if (memory.listsOnly) return 0
  // A server that is down would refuse a list as well.
  if (accepted || end.kind === 'silent') memory.brokenLists += 1
  if (end.kind === 'malformed') stats.malformed += 1
  const error =
    end.kind === 'failed' || end.kind === 'malformed'
      ? end.error
      : new KubeError({
          reason: 'Unreachable',
          code: 0,
          message: 'the stream ended before its initial list was complete',
        })
  target.broken(error)
  return pause(error.retryAfterMs)
}

function afterStream<T>(
  { end, lastedMs }: StreamReport,
  { ports, target, stats }: LoopParts<T>,
  memory: Memory,
  pause: Pause,
): number {
  switch (end.kind) {
    case 'stopped':
      return 0
    case 'silent':
    case 'ended':
      if (ports.clock.monotonic() - memory.listedAt >= freshEveryMs) memory.position = undefined
      return end.kind === 'ended' && lastedMs < shortLivedMs ? pause() : 0
    case 'malformed':
      stats.malformed += 1
      memory.malformed += 1
      if (memory.malformed >= patience) memory.position = undefined
      target.broken(end.error)
      return pause()
    case 'failed': {
      target.broken(end.error)
      if (!isVersionGone(end.error)) return pause(end.error.retryAfterMs)
      memory.position = undefined
      return ports.clock.monotonic() - memory.listedAt < relistPauseMs ? pause() : 0
    }
  }
}

/**
 * A server restored from an older backup answers a watch from the future with silence, for as long
 * as it takes to get there. So streams that bring nothing at all lead to a look at the server's own
 * version, after 2, 4, 8… of them.
 */
async function suspectSilence<T>(
  { end, events, bookmarks }: StreamReport,
  parts: LoopParts<T>,
  memory: Memory,
): Promise<void> {
  const { exchange, ports, kind, options, signal } = parts
  if (end.kind === 'silent') memory.quiet = true
  if (events > 0 || bookmarks > 1) memory.quiet = false
  const isEmpty = events === 0 && bookmarks === 0 && (end.kind === 'silent' || end.kind === 'ended')
  memory.empty = isEmpty ? memory.empty + 1 : events + bookmarks > 0 ? 0 : memory.empty
  const { position } = memory
  if (!isEmpty || position === undefined || memory.empty < 2) return
  if (!Number.isInteger(Math.log2(memory.empty))) return
  const { project: _, ...where } = options
  const newest = await newestVersion(exchange, ports.clock, { kind, options: where, signal })
  if (newest !== undefined && isOlder(newest, position)) memory.position = undefined
}

/** Answers that say the server will not do WatchList, however often it is asked. */
function isRefusal({ code }: KubeError): boolean {
  return (
    code === 400 || code === 405 || code === 406 || code === 415 || code === 422 || code === 501
  )
}
