/** Releases as they change, through all doors. */
import type { Lookup } from '#core/api/reference.ts'
import { typed } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { doors } from '#doors/register.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import type { Clock } from '#kube/ports.ts'
import { type Entry, entryOf, lookupFor } from './entry.ts'
import type { Found, Place, Wanted } from './find.ts'

/** Where only one release is meant, nothing else is watched. */
export type Followed = Wanted & { readonly only?: Pick<Entry, 'resource' | 'name'> }

/** Changes that come together are told together. */
const togetherMs = 50

/**
 * Tells of all releases, at first and whenever one has changed, until `tell` says `'end'`, or until `until`.
 * Doors that the cluster does not serve are silent.
 */
export async function follow(
  { cluster }: Pick<Place, 'cluster'>,
  { namespace, selector, only }: Followed,
  tell: (entries: readonly Entry[]) => 'end' | void,
  until: Promise<void>,
): Promise<void> {
  const caches = (only === undefined ? doors : [only.resource]).map(
    (door) =>
      [
        door,
        cluster.watch<KubeObject>(door.kind, {
          ...(namespace === undefined ? {} : { namespace }),
          ...(selector === undefined ? {} : { labelSelector: selector }),
          ...(only === undefined ? {} : { fieldSelector: `metadata.name=${only.name}` }),
        }),
      ] as const,
  )
  const ended = Promise.withResolvers<void>()
  const lookup = remembered(cluster)
  const look = async (): Promise<void> => {
    const found = caches.flatMap(([door, cache]) =>
      [...cache.values()].map((object) => [door, typed(cache.kind, object)] as const),
    )
    const named = await lookup(found)
    const entries = found
      .map(([door, object]) => entryOf(door, object, named))
      .toSorted((one, other) => keyOf(one).localeCompare(keyOf(other)))
    if (tell(entries) === 'end') ended.resolve()
  }
  await Promise.race([Promise.all(caches.map(([, cache]) => cache.answered())), until])
  const stop = coalesced(
    cluster.ports.clock,
    caches.map(([, cache]) => cache),
    look,
    ended.reject,
  )
  await Promise.race([ended.promise, until])
  stop()
  await Promise.all(caches.map(([, cache]) => cache.stop()))
}

/** So long is what releases name taken to be as it was. */
const rememberedMs = 10_000

/** Asks for what releases name only when one of them is new or changed, or after a while. */
export function remembered(cluster: Cluster): (found: Found) => Promise<Lookup> {
  let last: { readonly sign: string; readonly at: number; readonly lookup: Lookup } | undefined
  return async (found) => {
    const sign = found.map(([, { metadata }]) => `${metadata.uid} ${metadata.generation}`).join()
    const at = cluster.ports.clock.monotonic()
    if (last === undefined || last.sign !== sign || at - last.at > rememberedMs)
      last = { sign, at, lookup: await lookupFor(cluster, found) }
    return last.lookup
  }
}

function keyOf({ namespace, name, door }: Entry): string {
  return `${namespace}/${name}/${door}`
}

/** Looks at once, then after each change, never twice at the same time. Returns how to stop. */
function coalesced(
  clock: Clock,
  caches: readonly Cache<KubeObject>[],
  look: () => Promise<void>,
  failed: (error: unknown) => void,
): () => void {
  let isDue = false
  let isLooking = false
  let cancel = (): void => {}
  const run = async (): Promise<void> => {
    isLooking = true
    isDue = false
    await look().catch(failed)
    isLooking = false
    if (isDue) cancel = clock.after(togetherMs, () => void run())
  }
  const ends = caches.map((cache) =>
    cache.subscribe(() => {
      const first = !isDue
      isDue = true
      if (first && !isLooking) cancel = clock.after(togetherMs, () => void run())
    }),
  )
  void run()
  return () => {
    cancel()
    for (const end of ends) end()
  }
}
