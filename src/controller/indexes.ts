/** Quick ways from a release to its workloads and from a Service to its slices, kept up to date by the caches. */
import type { Cache, Change } from '#kube/cluster.ts'
import type { Caches } from './caches.ts'
import { Groups } from './groups.ts'
import type { MemberHeld, SliceHeld, WorkloadHeld } from './held.ts'

export type Index = {
  readonly workloads: (namespace: string, release: string) => readonly WorkloadHeld[]
  readonly members: (namespace: string, release: string) => readonly MemberHeld[]
  readonly slices: (namespace: string, service: string) => readonly SliceHeld[]
}

export function indexOf(caches: Caches): Index {
  const ofRelease = ({ namespace, release }: { namespace: string; release: string }): string =>
    groupOf(namespace, release)
  const workloads = grouped(caches.workloads, ofRelease)
  const members = grouped([caches.members], ofRelease)
  const slices = grouped([caches.slices], ({ namespace, service }) => groupOf(namespace, service))
  return {
    workloads: (namespace, release) => workloads(groupOf(namespace, release)),
    members: (namespace, release) => members(groupOf(namespace, release)),
    slices: (namespace, service) => slices(groupOf(namespace, service)),
  }
}

// Joined, not added up: a sum of texts is kept with its parts.
function groupOf(namespace: string, name: string): string {
  return [namespace, name].join('/')
}

function grouped<T extends object>(
  caches: readonly Cache<T>[],
  groupOf: (item: T) => string,
): (group: string) => readonly T[] {
  const groups = new Groups<T>()
  const note = (change: Change<T>): void => {
    if (change.before !== undefined) groups.drop(groupOf(change.before), change.before)
    if (change.type === 'put') groups.add(groupOf(change.now), change.now)
  }
  for (const cache of caches) cache.subscribe(note)
  return (group) => groups.of(group)
}
