/**
 * Own writes, remembered until the caches have caught up with them. A controller that decides on what it saw before
 * its own last write would create the same pod twice.
 */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache } from '#kube/cluster.ts'
import type { Clock } from '#kube/ports.ts'

type Awaited = { readonly seen: () => boolean; readonly expiresAt: number }

// kube-controller-manager gives up on its expectations after the same time.
const patienceMs = 5 * 60_000

export class OwnWrites {
  readonly #clock: Clock
  readonly #awaited = new Map<string, Awaited[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Work on `key` waits until `cache` has seen this answer of a create, replace or patch. */
  wrote<T extends KubeObject>(key: string, cache: Cache<T>, answer: KubeObject): void {
    const version = answer.metadata.resourceVersion
    if (version === undefined) return
    this.#await(key, () => !isOlder(cache.resourceVersion(), version))
  }

  /** Work on `key` waits until `cache` shows the object as gone, going, or another of the same name. */
  removed<T extends KubeObject>(key: string, cache: Cache<T>, object: KubeObject): void {
    const at = keyOf(object)
    const uid = object.metadata.uid
    this.#await(key, () => {
      const held = cache.get(at)?.metadata
      return held === undefined || held.uid !== uid || held.deletionTimestamp !== undefined
    })
  }

  /** True while what was written for `key` is not yet to be seen. */
  behind(key: string): boolean {
    const awaited = this.#awaited.get(key)
    if (awaited === undefined) return false
    const now = this.#clock.monotonic()
    const left = awaited.filter((write) => !write.seen() && now < write.expiresAt)
    if (left.length === 0) this.#awaited.delete(key)
    else this.#awaited.set(key, left)
    return left.length > 0
  }

  #await(key: string, seen: () => boolean): void {
    const list = this.#awaited.get(key) ?? []
    list.push({ seen, expiresAt: this.#clock.monotonic() + patienceMs })
    this.#awaited.set(key, list)
  }
}

/** A cache is looked at again after this long, should the event that was waited for never name the key. */
export const lookAgainWhenBehindMs = 30_000

/** `namespace/name`, or `name` for a cluster-wide object: the keys of Cache. */
export function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
}

/** Splits what keyOf made. */
export function placeOf(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf('/')
  if (slash < 0) return { name: key }
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** Resource versions are decimal numbers of any length; '' is older than all. */
function isOlder(version: string, than: string): boolean {
  if (version.length !== than.length) return version.length < than.length
  return version < than
}
