/**
 * Remembers what was written until the cache has seen it, so that nobody decides on a state older
 * than its own last write. An echo may take any time; a decision made before it would create twice
 * or step twice.
 */
import type { Cache } from './cluster.ts'
import { metadataOf } from './store.ts'
import { compareVersions, isOlder } from './versions.ts'

export type OwnWrites = {
  /** After a write was answered: the key and the resourceVersion in the answer. */
  readonly wrote: (key: string, resourceVersion: string) => void
  /** Whether the cache holds all that was written to this key, or something newer. */
  readonly isSeen: (key: string) => boolean
  /** Keys still waiting. */
  readonly waiting: () => number
}

export function ownWrites<T>(cache: Pick<Cache<T>, 'get' | 'resourceVersion'>): OwnWrites {
  const pending = new Map<string, { readonly version: string; readonly cacheThen: string }>()
  return {
    wrote: (key, version) => {
      const last = pending.get(key)
      if (last !== undefined && isOlder(version, last.version)) return
      pending.set(key, { version, cacheThen: cache.resourceVersion() })
    },
    isSeen: (key) => {
      const write = pending.get(key)
      if (write === undefined) return true
      const held = cache.get(key)
      const own = held === undefined ? '' : (metadataOf(held).resourceVersion ?? '')
      const newest = cache.resourceVersion()
      const isSeen =
        hasReached(own, write.version) ||
        hasReached(newest, write.version) ||
        // The server was restored from a backup: what was written may never come.
        isOlder(newest, write.cacheThen)
      if (isSeen) pending.delete(key)
      return isSeen
    },
    waiting: () => pending.size,
  }
}

function hasReached(version: string, wanted: string): boolean {
  const order = compareVersions(version, wanted)
  return order === 0 || order === 1
}
