/** Refuses to decide on a snapshot that is older than our own last writes. */
import type { KubeObject } from '#core/k8s/meta.ts'
import { isOlder } from '#kube/versions.ts'
import type { Caches } from './caches.ts'
import type { KeyState } from './state.ts'

/** Remembers a write, to be waited for before the next decision. */
export function awaitWrite(state: KeyState, { kind, metadata }: KubeObject): void {
  const key =
    metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
  const version = metadata.resourceVersion
  if (version !== undefined) state.awaited.set(`${kind} ${key}`, { kind, key, version })
}

/** True when the caches show everything that we wrote for this release, or something newer. */
export function isFresh(state: KeyState, caches: Caches): boolean {
  for (const [name, { kind, key, version }] of state.awaited) {
    const cache = caches.of(kind)
    if (
      cache === undefined ||
      hasSeen(cache.get(key), version) ||
      !isOlder(cache.resourceVersion(), version)
    ) {
      state.awaited.delete(name)
    }
  }
  return state.awaited.size === 0
}

function hasSeen(held: unknown, version: string): boolean {
  const seen = (held as KubeObject | undefined)?.metadata.resourceVersion
  return seen !== undefined && !isOlder(seen, version)
}
