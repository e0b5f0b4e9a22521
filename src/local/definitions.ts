/** Waits for definitions: what they define is served a moment after they are made, on a real server. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { at, isObject, objectsOf } from '#core/schema/json.ts'
import type { Cluster } from '#kube/cluster.ts'

/** Resolves when all of them are served. Rejects only when the client is closed before. */
export async function established(cluster: Cluster, names: readonly string[]): Promise<void> {
  const cache = cluster.watch(kinds.customResourceDefinition, { project: served })
  try {
    await cache.synced()
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (names.every((name) => cache.get(name)?.served === true)) resolve()
      }
      cache.subscribe(look)
      look()
    })
  } finally {
    await cache.stop()
  }
}

function served(object: KubeObject): { metadata: KubeObject['metadata']; served: boolean } {
  const conditions = isObject(object) ? objectsOf(at(object, 'status', 'conditions')) : []
  const yes = conditions.some(({ type, status }) => type === 'Established' && status === 'True')
  return { metadata: object.metadata, served: yes }
}
