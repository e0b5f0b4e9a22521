/** Quick ways from a release to its workloads and from a Service to its slices, kept up to date by the caches. */
import type { EndpointSliceSeen } from '#core/k8s/workloads.ts'
import type { Cache } from '#kube/cluster.ts'
import type { Caches, WorkloadHeld } from './caches.ts'

export type Index = {
  readonly workloads: (namespace: string, release: string) => readonly WorkloadHeld[]
  readonly slices: (namespace: string, service: string) => readonly EndpointSliceSeen[]
}

export function indexOf(caches: Caches): Index {
  const workloads = grouped(
    caches.workloads,
    ({ metadata, release }) => `${metadata.namespace}/${release}`,
  )
  const slices = grouped(
    caches.slices,
    ({ metadata, service }) => `${metadata.namespace}/${service}`,
  )
  return {
    workloads: (namespace, release) => workloads(`${namespace}/${release}`),
    slices: (namespace, service) => slices(`${namespace}/${service}`),
  }
}

function grouped<T>(
  cache: Cache<T>,
  groupOf: (item: T) => string,
): (group: string) => readonly T[] {
  const groups = new Map<string, Map<string, T>>()
  const take = (key: string, item: T): void => {
    const group = groups.get(groupOf(item)) ?? new Map<string, T>()
    groups.set(groupOf(item), group.set(key, item))
  }
  const leave = (key: string, item: T): void => {
    const group = groups.get(groupOf(item))
    group?.delete(key)
    if (group?.size === 0) groups.delete(groupOf(item))
  }
  cache.subscribe((change) => {
    if (change.before !== undefined) leave(change.key, change.before)
    if (change.type === 'put') take(change.key, change.now)
  })
  return (group) => [...(groups.get(group)?.values() ?? [])]
}
