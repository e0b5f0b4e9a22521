/** Which records belong to which application, kept as the cache changes. */
import type { Cache } from '#kube/cluster.ts'
import type { HeldDeployment } from '../records.ts'

export type AppIndex = {
  /** The records of `namespace/app`, oldest first. */
  readonly of: (key: string) => readonly HeldDeployment[]
  readonly keys: () => IterableIterator<string>
  readonly stop: () => void
}

export function appIndex(cache: Cache<HeldDeployment>): AppIndex {
  const groups = new Map<string, Map<string, HeldDeployment>>()
  const keyOf = ({ metadata, appName }: HeldDeployment): string =>
    `${metadata.namespace}/${appName}`
  const drop = (held: HeldDeployment): void => {
    const key = keyOf(held)
    const group = groups.get(key)
    group?.delete(held.metadata.name)
    if (group?.size === 0) groups.delete(key)
  }
  const put = (held: HeldDeployment): void => {
    const key = keyOf(held)
    const group = groups.get(key) ?? new Map<string, HeldDeployment>()
    group.set(held.metadata.name, held)
    groups.set(key, group)
  }
  for (const held of cache.values()) put(held)
  const stop = cache.subscribe((change) => {
    if (change.before !== undefined) drop(change.before)
    if (change.type === 'put') put(change.now)
  })
  return {
    of: (key) =>
      [...(groups.get(key)?.values() ?? [])].sort(
        (a, b) => a.created - b.created || (a.metadata.name < b.metadata.name ? -1 : 1),
      ),
    keys: () => groups.keys(),
    stop,
  }
}
