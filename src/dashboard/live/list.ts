/**
 * All releases as lines of the list, kept by watches. An object is made into its line as it arrives and is not held
 * itself, so that a thousand of them weigh little; only one that cannot be read without another is kept to be read again.
 */
import { typed } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'
import { doors } from '#doors/register.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import type { Log } from '#kube/log.ts'
import { entryOf, lookupFor } from '#releases/entry.ts'
import { keyOf, rowOf } from '../view/row.ts'
import type { ReleaseRow } from '../wire.ts'
import { patiently } from './patience.ts'

/** A line and its JSON, made once for all who look. */
export type Line = {
  readonly key: string
  readonly row: ReleaseRow
  readonly json: string
  /** The door whose resource carries it; rights are those on that resource. */
  readonly resource: Door
}

/** `now` is undefined for one that is gone. */
export type LineChange = {
  readonly key: string
  readonly before: Line | undefined
  readonly now: Line | undefined
}

export type LiveList = {
  readonly lines: () => Iterable<Line>
  readonly get: (key: string) => Line | undefined
  readonly subscribe: (listener: (change: LineChange) => void) => () => void
  /** Once every kind that the cluster serves has been listed. */
  readonly synced: () => Promise<void>
  readonly isSynced: () => boolean
  /** Why no kind at all can be listed, if so. */
  readonly trouble: () => Error | undefined
  readonly stop: () => Promise<void>
}

type Held = {
  readonly metadata: Pick<KubeObject['metadata'], 'name' | 'namespace' | 'uid' | 'resourceVersion'>
  readonly line: Line | undefined
  readonly object: KubeObject | undefined
}

/** So long the first lists are waited for. */
const patienceMs = 5000

const nothing = (): undefined => undefined

export function liveList(
  cluster: Cluster,
  { namespace, log }: { readonly namespace?: string | undefined; readonly log: Log },
): LiveList {
  const lines = new Map<string, Line>()
  /** What each object is shown as, by its own kind and name. */
  const shown = new Map<string, string>()
  const listeners = new Set<(change: LineChange) => void>()
  const tell = (change: LineChange): void => {
    for (const listener of listeners) listener(change)
  }
  const put = (of: string, line: Line | undefined): void => {
    const before = shown.get(of)
    if (before !== undefined && before !== line?.key) {
      const gone = lines.get(before)
      lines.delete(before)
      shown.delete(of)
      tell({ key: before, before: gone, now: undefined })
    }
    if (line === undefined) return
    const known = lines.get(line.key)
    lines.set(line.key, line)
    shown.set(of, line.key)
    if (known?.json !== line.json) tell({ key: line.key, before: known, now: line })
  }
  const caches = doors.map((door) => watched(cluster, door, { namespace, put, log }))
  let synced = false
  // Who may not list a kind sees the releases without it.
  const all = Promise.all(caches.map((cache) => cache.answered()))
  const answered = patiently(cluster.ports.clock, patienceMs, all).then(() => {
    synced = true
  })
  answered.catch(nothing)
  return {
    lines: () => lines.values(),
    get: (key) => lines.get(key),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    synced: () => answered,
    isSynced: () => synced,
    trouble: () =>
      caches.some((cache) => cache.isSynced())
        ? undefined
        : caches.map((cache) => cache.trouble()?.error).find((error) => error !== undefined),
    stop: async () => {
      listeners.clear()
      await Promise.all(caches.map((cache) => cache.stop()))
    },
  }
}

type Watching = {
  readonly namespace: string | undefined
  readonly put: (of: string, line: Line | undefined) => void
  readonly log: Log
}

function watched(cluster: Cluster, door: Door, { namespace, put, log }: Watching): Cache<Held> {
  const cache = cluster.watch<Held>(door.kind, {
    ...(namespace === undefined ? {} : { namespace }),
    project: (object) => heldOf(door, object),
  })
  const readAgain = reader(cluster, door, log)
  cache.subscribe((change) => {
    const of = `${door.name} ${change.key}`
    if (change.type === 'gone') return put(of, undefined)
    const { line, object } = change.now
    if (object === undefined) return put(of, line)
    readAgain(object, (read) => {
      // What came meanwhile counts.
      if (cache.get(change.key)?.metadata.uid === object.metadata.uid) put(of, read)
    })
  })
  return cache
}

function heldOf(door: Door, given: KubeObject): Held {
  const object = typed(door.kind, given)
  const { name, namespace, uid, resourceVersion } = object.metadata
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
  const needs = (door.related?.(object) ?? []).length > 0
  return needs
    ? { metadata, line: undefined, object }
    : { metadata, line: lineOf(entryOf(door, object, nothing)), object: undefined }
}

function lineOf(entry: Parameters<typeof rowOf>[0]): Line {
  const row = rowOf(entry)
  return { key: keyOf(row), row, json: JSON.stringify(row), resource: entry.resource }
}

/** Reads objects that name others, one at a time for each, the newest state of it last. */
function reader(
  cluster: Cluster,
  door: Door,
  log: Log,
): (object: KubeObject, then: (line: Line) => void) => void {
  const waiting = new Map<string, readonly [KubeObject, (line: Line) => void]>()
  const busy = new Set<string>()
  const run = async (uid: string): Promise<void> => {
    const next = waiting.get(uid)
    if (next === undefined || busy.has(uid)) return
    waiting.delete(uid)
    busy.add(uid)
    const [object, then] = next
    try {
      then(lineOf(entryOf(door, object, await lookupFor(cluster, [[door, object]]))))
    } catch (error) {
      log.warn({ name: object.metadata.name, error: String(error) }, 'a release cannot be shown')
    } finally {
      busy.delete(uid)
      void run(uid)
    }
  }
  return (object, then) => {
    const { uid = '' } = object.metadata
    waiting.set(uid, [object, then])
    void run(uid)
  }
}
