/** How pods move from the old ReplicaSets to the newest: rolling, all at once, or in proportion when scaled meanwhile. */
import type { Pod, ReplicaSet } from '../shapes.ts'
import { isComplete } from './conditions.ts'
import {
  desiredAnnotation,
  isRollingUpdate,
  maxSurge,
  maxUnavailable,
  newSetSize,
  proportion,
  replicasOf,
  sumReplicas,
  sumStatus,
  wantedReplicas,
} from './numbers.ts'
import type { Pass } from './pass.ts'
import { byCreation, revisionOf } from './revisions.ts'
import { allOf, type Sets } from './status.ts'

/** Returns the sets as they are after one step up or down. */
export async function rollingUpdate(pass: Pass, sets: Sets): Promise<Sets> {
  const newest = sets.newest
  if (newest === undefined) return sets
  const current = replicasOf(newest)
  const wanted = wantedReplicas(pass.deployment)
  const size = current > wanted ? wanted : newSetSize(pass.deployment, sets.old, current)
  if (size !== current) return { ...sets, newest: await pass.scale(newest, size) }
  const old = await shrinkOld(pass, sets)
  if (old !== undefined) return { newest, old }
  if (isComplete(pass.deployment, pass.deployment.status ?? {})) await cleanUp(pass, sets.old)
  return sets
}

/** Undefined when nothing may go now. */
async function shrinkOld(pass: Pass, sets: Sets): Promise<readonly ReplicaSet[] | undefined> {
  const { newest, old } = sets
  if (newest === undefined || sumReplicas(old) === 0) return undefined
  const minAvailable = wantedReplicas(pass.deployment) - maxUnavailable(pass.deployment)
  const newUnavailable = replicasOf(newest) - (newest.status?.availableReplicas ?? 0)
  const spare = sumReplicas(allOf(sets)) - minAvailable - newUnavailable
  if (spare <= 0) return undefined
  // Pods that serve nobody go first: they cost no availability.
  const healthy = await shrink(pass, old, spare, (set) => {
    return replicasOf(set) - (set.status?.availableReplicas ?? 0)
  })
  const available = sumStatus(allOf(sets), 'availableReplicas')
  const shrunk = await shrink(pass, healthy, available - minAvailable, replicasOf)
  return sumReplicas(shrunk) === sumReplicas(old) ? undefined : shrunk
}

async function shrink(
  pass: Pass,
  sets: readonly ReplicaSet[],
  most: number,
  share: (set: ReplicaSet) => number,
): Promise<readonly ReplicaSet[]> {
  let left = Math.max(0, most)
  const after: ReplicaSet[] = []
  for (const set of sets) {
    const less = Math.max(0, Math.min(left, share(set), replicasOf(set)))
    left -= less
    after.push(less === 0 ? set : await pass.scale(set, replicasOf(set) - less))
  }
  return after
}

/** All old pods go before the first new one comes. `sets` is asked again once they are gone, to make the newest. */
export async function recreate(
  pass: Pass,
  sets: Sets,
  oldPods: readonly Pod[],
  makeNewest: () => Promise<Sets>,
): Promise<Sets> {
  if (sumReplicas(sets.old) > 0) {
    const old: ReplicaSet[] = []
    for (const set of sets.old) old.push(replicasOf(set) > 0 ? await pass.scale(set, 0) : set)
    return { ...sets, old }
  }
  if (sumStatus(sets.old, 'replicas') > 0 || oldPods.length > 0) return sets
  const made = sets.newest === undefined ? await makeNewest() : sets
  if (made.newest === undefined) return made
  const newest = await pass.scale(made.newest, wantedReplicas(pass.deployment))
  if (isComplete(pass.deployment, pass.deployment.status ?? {})) await cleanUp(pass, sets.old)
  return { ...made, newest }
}

/** True when the Deployment was scaled since its sets were last sized. */
export function wasScaled(pass: Pass, sets: Sets): boolean {
  return allOf(sets).some((set) => {
    const noted = set.metadata.annotations?.[desiredAnnotation]
    if (replicasOf(set) === 0 || noted === undefined) return false
    return Number(noted) !== wantedReplicas(pass.deployment)
  })
}

/** Brings the sets to a changed size, without moving pods from one revision to another. */
export async function followScale(pass: Pass, sets: Sets): Promise<Sets> {
  const wanted = wantedReplicas(pass.deployment)
  const only = activeOrLatest(sets)
  if (only !== undefined) return replaceIn(sets, await pass.scale(only, wanted))
  if (isSaturated(pass, sets.newest)) {
    let after = sets
    for (const set of sets.old) {
      if (replicasOf(set) > 0) after = replaceIn(after, await pass.scale(set, 0))
    }
    return after
  }
  return isRollingUpdate(pass.deployment) ? spread(pass, sets) : sets
}

async function spread(pass: Pass, sets: Sets): Promise<Sets> {
  const active = allOf(sets).filter((set) => replicasOf(set) > 0)
  const wanted = wantedReplicas(pass.deployment)
  const allowed = wanted > 0 ? wanted + maxSurge(pass.deployment) : 0
  const toAdd = allowed - sumReplicas(active)
  const order = active.toSorted((a, b) => {
    const bySize = replicasOf(b) - replicasOf(a)
    return bySize || (toAdd > 0 ? byCreation(b, a) : byCreation(a, b))
  })
  let added = 0
  const sizes = order.map((set) => {
    const part = proportion(pass.deployment, set, toAdd, added)
    added += part
    return replicasOf(set) + part
  })
  let after = sets
  for (const [index, set] of order.entries()) {
    const leftover = index === 0 && toAdd !== 0 ? toAdd - added : 0
    const size = Math.max(0, (sizes[index] ?? 0) + leftover)
    after = replaceIn(after, await pass.scale(set, size))
  }
  return after
}

function activeOrLatest({ newest, old }: Sets): ReplicaSet | undefined {
  const active = allOf({ newest, old }).filter((set) => replicasOf(set) > 0)
  if (active.length === 0) return newest ?? old.at(-1)
  return active.length === 1 ? active[0] : undefined
}

function isSaturated(pass: Pass, set: ReplicaSet | undefined): boolean {
  if (set === undefined) return false
  const wanted = wantedReplicas(pass.deployment)
  return (
    Number(set.metadata.annotations?.[desiredAnnotation]) === wanted &&
    replicasOf(set) === wanted &&
    (set.status?.availableReplicas ?? 0) === wanted
  )
}

function replaceIn({ newest, old }: Sets, set: ReplicaSet): Sets {
  const isSame = (other: ReplicaSet | undefined): boolean =>
    other?.metadata.uid === set.metadata.uid
  return {
    newest: isSame(newest) ? set : newest,
    old: old.map((other) => (isSame(other) ? set : other)),
  }
}

/** Deletes the oldest revisions beyond the history limit, once nothing of them is left. */
export async function cleanUp(pass: Pass, old: readonly ReplicaSet[]): Promise<void> {
  const limit = pass.deployment.spec.revisionHistoryLimit ?? 10
  const kept = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const surplus = kept.length - limit
  if (surplus <= 0) return
  const oldest = kept.toSorted((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus)
  for (const set of oldest) {
    const settled = (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0)
    if (replicasOf(set) > 0 || (set.status?.replicas ?? 0) > 0 || !settled) continue
    await pass.removeSet(set)
  }
}
