/**
 * Objects by key, and what changes when one arrives, goes, or the whole content is replaced. No
 * I/O, no waiting.
 */
import type { ObjectMeta } from '#core/k8s/meta.ts'
import type { Change } from './cluster.ts'
import { compareVersions } from './versions.ts'

export type Store<T> = {
  readonly get: (key: string) => T | undefined
  readonly keys: () => IterableIterator<string>
  readonly values: () => IterableIterator<T>
  readonly size: () => number
  /** Takes an object in, unless what is held is as new. */
  readonly put: (now: T) => readonly Change<T>[]
  readonly gone: (last: T) => readonly Change<T>[]
  /** Swaps the whole content in one step; changes are told only afterwards. */
  readonly replace: (all: readonly T[]) => readonly Change<T>[]
}

/** UIDs of deleted objects that are remembered, so that a late event does not raise the dead. */
const remembered = 1024

export function metadataOf(object: unknown): ObjectMeta {
  return (object as { readonly metadata: ObjectMeta }).metadata
}

/** `namespace/name`, or `name`. */
export function keyOf(object: unknown): string {
  const { namespace, name } = metadataOf(object)
  // Joined, not added up: a sum of texts is kept with its parts.
  return namespace === undefined || namespace === '' ? name : [namespace, name].join('/')
}

/** Splits what keyOf made. */
export function placeOf(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf('/')
  if (slash < 0) return { name: key }
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

export function objectStore<T>(): Store<T> {
  let held = new Map<string, T>()
  const buried = new Set<string>()

  const bury = (object: T): void => {
    const { uid } = metadataOf(object)
    if (uid === undefined) return
    buried.add(uid)
    if (buried.size <= remembered) return
    for (const oldest of buried) {
      buried.delete(oldest)
      return
    }
  }

  const put = (now: T): readonly Change<T>[] => {
    const key = keyOf(now)
    const { uid } = metadataOf(now)
    if (uid !== undefined && buried.has(uid)) return []
    const before = held.get(key)
    if (before === undefined) {
      held.set(key, now)
      return [{ type: 'put', key, now, before }]
    }
    const order = compareVersions(versionOf(now), versionOf(before))
    if (order === -1 || order === 0) return []
    held.set(key, now)
    if (isSame(now, before)) return [{ type: 'put', key, now, before }]
    bury(before)
    return recreated(key, now, before)
  }

  const gone = (last: T): readonly Change<T>[] => {
    bury(last)
    const key = keyOf(last)
    const before = held.get(key)
    if (before === undefined || !isSame(last, before)) return []
    held.delete(key)
    return [{ type: 'gone', key, before }]
  }

  const replace = (all: readonly T[]): readonly Change<T>[] => {
    const old = held
    const fresh = new Map<string, T>()
    for (const now of all) {
      const before = old.get(keyOf(now))
      // What did not change stays the very same value.
      fresh.set(keyOf(now), before !== undefined && isUnchanged(now, before) ? before : now)
    }
    held = fresh
    // A store restored from a backup may bring back what was deleted since.
    buried.clear()
    return differences(old, fresh)
  }

  return {
    get: (key) => held.get(key),
    keys: () => held.keys(),
    values: () => held.values(),
    size: () => held.size,
    put,
    gone,
    replace,
  }
}

function differences<T>(
  old: ReadonlyMap<string, T>,
  fresh: ReadonlyMap<string, T>,
): readonly Change<T>[] {
  const changes: Change<T>[] = []
  for (const [key, before] of old) {
    if (!fresh.has(key)) changes.push({ type: 'gone', key, before })
  }
  for (const [key, now] of fresh) {
    const before = old.get(key)
    if (before === now) continue
    if (before === undefined || isSame(now, before)) {
      changes.push({ type: 'put', key, now, before })
    } else {
      changes.push(...recreated(key, now, before))
    }
  }
  return changes
}

function recreated<T>(key: string, now: T, before: T): readonly Change<T>[] {
  return [
    { type: 'gone', key, before },
    { type: 'put', key, now, before: undefined },
  ]
}

function isSame(a: unknown, b: unknown): boolean {
  return metadataOf(a).uid === metadataOf(b).uid
}

function isUnchanged(a: unknown, b: unknown): boolean {
  return isSame(a, b) && versionOf(a) !== '' && versionOf(a) === versionOf(b)
}

function versionOf(object: unknown): string {
  return metadataOf(object).resourceVersion ?? ''
}
