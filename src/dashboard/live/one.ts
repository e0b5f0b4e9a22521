/** Single releases with their workloads and pods, watched as long as anybody looks at them, once for all who do. */
import { kindOf, kinds, typed } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import type { Door } from '#doors/door.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import type { Cancel } from '#kube/ports.ts'
import { type Entry, entryOf } from '#releases/entry.ts'
import { remembered } from '#releases/follow.ts'
import { type Pod, type RevisionPart, revisionsFrom } from '#releases/parts.ts'
import { keyOf } from '../view/row.ts'
import type { ReleaseId } from '../wire.ts'
import { patiently } from './patience.ts'

export type Looked = { readonly entry: Entry; readonly revisions: readonly RevisionPart[] }

export type Look = {
  /** As it is now; undefined where it is not there. */
  readonly now: () => Promise<Looked | undefined>
  readonly end: () => void
}

/** `changed` is called after each change; the first look need not wait for one. */
export type LookAt = (id: ReleaseId, resource: Door, changed: () => void) => Look

/** Whoever asks again soon finds the watches that are open. */
const idleMs = 10_000
const mostIdle = 50

/** So long the first list of what belongs to a release is waited for. */
const patienceMs = 2000

type Watched = {
  readonly viewers: Set<() => void>
  readonly now: () => Promise<Looked | undefined>
  readonly stop: () => Promise<void>
}

export function looking(cluster: Cluster): {
  readonly lookAt: LookAt
  readonly stop: () => Promise<void>
} {
  const open = new Map<string, Watched>()
  /** Those whom nobody looks at any more, and how to keep them all the same. */
  const idle = new Map<string, Cancel>()
  const keep = (key: string): void => {
    idle.get(key)?.()
    idle.delete(key)
  }
  const leave = (key: string, watched: Watched): void => {
    if (watched.viewers.size > 0 || open.get(key) !== watched) return
    const drop = (): void => {
      idle.delete(key)
      open.delete(key)
      void watched.stop()
    }
    keep(key)
    if (idle.size >= mostIdle) drop()
    else idle.set(key, cluster.ports.clock.after(idleMs, drop))
  }
  return {
    lookAt: (id, resource, changed) => {
      const key = `${resource.name} ${keyOf(id)}`
      const watched = open.get(key) ?? watch(cluster, id, resource)
      open.set(key, watched)
      keep(key)
      watched.viewers.add(changed)
      return {
        now: watched.now,
        end: () => {
          watched.viewers.delete(changed)
          leave(key, watched)
        },
      }
    },
    stop: async () => {
      for (const key of [...idle.keys()]) keep(key)
      const all = [...open.values()]
      open.clear()
      await Promise.all(all.map((one) => one.stop()))
    },
  }
}

function watch(cluster: Cluster, { namespace, name, door }: ReleaseId, resource: Door): Watched {
  const viewers = new Set<() => void>()
  const tell = (): void => {
    for (const changed of viewers) changed()
  }
  const labelSelector = `${labels.release}=${name}`
  const objects = cluster.watch<KubeObject>(resource.kind, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
  })
  const pods = cluster.watch<Pod>(kinds.pod, { namespace, labelSelector, project: podOf })
  let workloads: Cache<Workload> | undefined
  for (const cache of [objects, pods]) cache.subscribe(tell)
  const lookup = remembered(cluster)
  // Who may not see pods or workloads sees the release without them.
  const listed = async (cache: Cache<unknown>): Promise<void> => {
    if (!cache.isSynced()) await patiently(cluster.ports.clock, patienceMs, cache.answered())
  }
  const workloadsOf = async (entry: Entry): Promise<Cache<Workload>> => {
    const kind = kindOf(entry.app?.workloads.kind ?? 'ReplicaSet')
    if (workloads?.kind.kind !== kind.kind) {
      void workloads?.stop()
      workloads = cluster.watch<Workload>(kind, {
        namespace,
        labelSelector,
        project: (object) => object as Workload,
      })
      workloads.subscribe(tell)
    }
    return workloads
  }
  const now = async (): Promise<Looked | undefined> => {
    await Promise.all([listed(objects), listed(pods)])
    const trouble = objects.isSynced() ? undefined : objects.trouble()
    if (trouble !== undefined) throw trouble.error
    const found = objects.get(`${namespace}/${name}`)
    if (found === undefined) return undefined
    const object = typed(resource.kind, found)
    const entry = entryOf(resource, object, await lookup([[resource, object]]))
    if (entry.door !== door) return undefined
    const cache = await workloadsOf(entry)
    await listed(cache)
    return { entry, revisions: revisionsFrom(entry, [...cache.values()], [...pods.values()]) }
  }
  return {
    viewers,
    now,
    stop: async () => {
      await Promise.all([objects.stop(), pods.stop(), workloads?.stop()])
    },
  }
}

/** Of a pod, only what is shown of it. */
function podOf(object: KubeObject): Pod {
  const { metadata, status } = object as Pod
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp } = metadata
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    ...(status === undefined ? {} : { status }),
  }
}
