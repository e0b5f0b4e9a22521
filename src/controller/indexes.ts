/** Quick ways from a release to its workloads and from a Service to its slices, kept up to date by the caches. */
import type { Cache } from '#kube/cluster.ts'
import type { Caches } from './caches.ts'
import type { SliceHeld, WorkloadHeld } from './held.ts'

export type Index = {
  readonly workloads: (namespace: string, release: string) => readonly WorkloadHeld[]
  readonly slices: (namespace: string, service: string) => readonly SliceHeld[]
}

export function indexOf(caches: Caches): Index {
  const workloads = grouped(caches.workloads, ({ namespace, release }) =>
    groupOf(namespace, release),
  )
  const slices = grouped(caches.slices, ({ namespace, service }) => groupOf(namespace, service))
  return {
    workloads: (namespace, release) => workloads(groupOf(namespace, release)),
    slices: (namespace, service) => slices(groupOf(namespace, service)),
  }
}

// Joined, not added up: a sum of texts is kept with its parts.
function groupOf(namespace: string, name: string): string {
  return [namespace, name].join('/')
}

const none: readonly never[] = []

/** Lists, not maps: nearly every group has one member. */
function grouped<T>(
  cache: Cache<T>,
  groupOf: (item: T) => string,
): (group: string) => readonly T[] {
  const groups = new Map<string, readonly T[]>()
  const leave = (item: T): void => {
    const group = groupOf(item)
    const rest = groups.get(group)?.filter((one) => one !== item) ?? none
    if (rest.length === 0) groups.delete(group)
    else groups.set(group, rest)
  }
  cache.subscribe((change) => {
    if (change.before !== undefined) leave(change.before)
    if (change.type === 'gone') return
    const group = groupOf(change.now)
    groups.set(group, [...(groups.get(group) ?? none), change.now])
  })
  return (group) => groups.get(group) ?? none
}
