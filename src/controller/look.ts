/** One look at a cluster as a pass would see it, for whoever wants to know what a pass would do. Writes nothing. */

import { kindOf } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { Observed } from '#core/observed.ts'
import type { Door } from '#doors/door.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { type Caches, watchAll } from './caches.ts'
import { emptyClaims } from './claims.ts'
import { gather } from './gather.ts'
import { indexOf } from './indexes.ts'
import { readSafely } from './readings.ts'
import { refsOf } from './route-caches.ts'
import { emptyState } from './state.ts'

// What a door's object names is in its app already.
const nothing = (): undefined => undefined

export type Looked = {
  readonly cluster: Cluster
  /** Those that the cluster serves. */
  readonly doors: readonly Door[]
  readonly door: Door
  /** The release as it would be, with the status that it has. */
  readonly object: KubeObject
  readonly app: App
}

/** @throws KubeError when something cannot be listed. */
export async function look({ cluster, doors, door, object, app }: Looked): Promise<Observed> {
  const caches = watchAll(cluster, doors, app.namespace)
  try {
    const index = indexOf(caches)
    await Promise.all(needed(caches, doors).map((cache) => cache.synced()))
    const claims = emptyClaims()
    for (const [other, cache] of caches.doors) {
      for (const held of cache.values()) {
        const read = readSafely(other, held.read())
        const key = [other.name, held.namespace, held.name].join('/')
        if (read.kind === 'app') claims.set(key, read.app)
      }
    }
    const key = [door.name, app.namespace, app.name].join('/')
    claims.set(key, app)
    const seen = gather(
      { caches, claims, index },
      key,
      app,
      door.notebook(object, nothing),
      emptyState(),
    )
    return { ...seen, routes: { ...seen.routes, ...(await routesOf(cluster, seen.app)) } }
  } finally {
    await Promise.all(caches.all.map((cache) => cache.stop()))
  }
}

/** Kinds that every cluster serves, and those of the doors; routes are asked for by name. */
function needed(caches: Caches, doors: readonly Door[]): Caches['all'] {
  const builtIn = ['', 'apps', 'discovery.k8s.io']
  const own = doors.map(({ kind }) => kind.kind)
  return caches.all.filter(({ kind }) => builtIn.includes(kind.group) || own.includes(kind.kind))
}

async function routesOf(cluster: Cluster, app: App): Promise<Record<string, KubeObject>> {
  const refs = refsOf(app)
  const found = await Promise.all(
    refs.map(async ({ apiVersion, kind, namespace = app.namespace, name }) => {
      try {
        const object = await cluster.get(kindOf(kind, apiVersion), { namespace, name })
        return [[`${kind}/${name}`, object] as const]
      } catch (error) {
        if (isKube(error, 'NotFound')) return []
        throw error
      }
    }),
  )
  return Object.fromEntries(found.flat())
}
