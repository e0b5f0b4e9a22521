/**
 * Own writes, remembered until the caches have caught up with them, so that nobody decides on a
 * state older than its own last write. An echo may take any time; a decision made before it would
 * create twice or step twice.
 */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache } from './cluster.ts'
import type { Clock } from './ports.ts'
import { keyOf, metadataOf } from './store.ts'
import { compareVersions, isOlder } from './versions.ts'

type Seen = Pick<Cache<unknown>, 'get' | 'resourceVersion'>

type Awaited = { readonly isSeen: () => boolean; readonly since: number }

/** When the event that is waited for never names the key, it is looked at again after so long. */
export const lookAgainWhenBehindMs = 30_000

export type Patience = { readonly clock: Clock; readonly ms: number }

/** What was written on behalf of one key. */
export class Ledger {
  readonly #patience: Patience | undefined
  #awaited: readonly Awaited[] = []

  /** With patience, an echo is waited for only so long; without, as long as it takes. */
  constructor(patience?: Patience) {
    this.#patience = patience
  }

  /** Waits until the cache has seen this answer of a create, replace or patch. */
  wrote(cache: Seen, answer: KubeObject): void {
    const version = answer.metadata.resourceVersion
    if (version === undefined) return
    const at = keyOf(answer)
    const cacheThen = cache.resourceVersion()
    this.#await(() => {
      const held = cache.get(at)
      const own = held === undefined ? '' : (metadataOf(held).resourceVersion ?? '')
      const newest = cache.resourceVersion()
      return (
        hasReached(own, version) ||
        hasReached(newest, version) ||
        // The server was restored from a backup: what was written may never come.
        isOlder(newest, cacheThen)
      )
    })
  }

  /** Waits until the cache shows the object as gone, going, or another one of the same name. */
  removed(cache: Seen, object: KubeObject): void {
    const at = keyOf(object)
    const { uid } = object.metadata
    this.#await(() => {
      const held = cache.get(at)
      if (held === undefined) return true
      const now = metadataOf(held)
      return now.uid !== uid || now.deletionTimestamp !== undefined
    })
  }

  /** True while something that was written is not yet to be seen. */
  behind(): boolean {
    if (this.#awaited.length === 0) return false
    const now = this.#patience?.clock.monotonic() ?? 0
    const most = this.#patience?.ms ?? Infinity
    this.#awaited = this.#awaited.filter(({ isSeen, since }) => !isSeen() && now - since < most)
    return this.#awaited.length > 0
  }

  #await(isSeen: () => boolean): void {
    const since = this.#patience?.clock.monotonic() ?? 0
    this.#awaited = [...this.#awaited, { isSeen, since }]
  }
}

// kube-controller-manager gives up on its expectations after the same time.
const patienceMs = 5 * 60_000

/** Ledgers by key, for controllers that keep nothing else of a key. */
export class OwnWrites {
  readonly #patience: Patience
  readonly #ledgers = new Map<string, Ledger>()

  constructor(clock: Clock) {
    this.#patience = { clock, ms: patienceMs }
  }

  /** Work on `key` waits until `cache` has seen this answer of a create, replace or patch. */
  wrote(key: string, cache: Seen, answer: KubeObject): void {
    this.#of(key).wrote(cache, answer)
  }

  /** Work on `key` waits until `cache` shows the object as gone, going, or another one. */
  removed(key: string, cache: Seen, object: KubeObject): void {
    this.#of(key).removed(cache, object)
  }

  /** True while what was written for `key` is not yet to be seen. */
  behind(key: string): boolean {
    const ledger = this.#ledgers.get(key)
    if (ledger === undefined) return false
    if (ledger.behind()) return true
    this.#ledgers.delete(key)
    return false
  }

  #of(key: string): Ledger {
    const known = this.#ledgers.get(key)
    if (known !== undefined) return known
    const ledger = new Ledger(this.#patience)
    this.#ledgers.set(key, ledger)
    return ledger
  }
}

function hasReached(version: string, wanted: string): boolean {
  const order = compareVersions(version, wanted)
  return order === 0 || order === 1
}
