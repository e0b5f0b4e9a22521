/** How many pods a Deployment may have more, or have to spare, and how a change of scale is spread: pure. */
import type { Deployment, IntOrPercent, ReplicaSet } from '../shapes.ts'

export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas'

export function wantedReplicas({ spec }: Deployment): number {
  return spec.replicas ?? 1
}

export function isRollingUpdate({ spec }: Deployment): boolean {
  return (spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
}

/** Pods allowed beyond the wanted number. */
export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? limits(deployment).surge : 0
}

/** Pods that may be missing from the wanted number. */
export function maxUnavailable(deployment: Deployment): number {
  const wanted = wantedReplicas(deployment)
  if (!isRollingUpdate(deployment) || wanted === 0) return 0
  return Math.min(limits(deployment).unavailable, wanted)
}

// Neither surge nor unavailability would mean that nothing can ever move.
function limits(deployment: Deployment): { surge: number; unavailable: number } {
  const given = deployment.spec.strategy?.rollingUpdate
  const wanted = wantedReplicas(deployment)
  const surge = resolve(given?.maxSurge ?? '25%', wanted, Math.ceil)
  const unavailable = resolve(given?.maxUnavailable ?? '25%', wanted, Math.floor)
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

function resolve(value: IntOrPercent, of: number, round: (exact: number) => number): number {
  if (typeof value === 'number') return value
  const per = value.endsWith('%') ? Number(value.slice(0, -1)) / 100 : undefined
  const resolved = per === undefined ? Number(value) : round(per * of)
  return Number.isFinite(resolved) ? resolved : 0
}

export function replicasOf(set: ReplicaSet): number {
  return set.spec.replicas ?? 0
}

export function sumReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + replicasOf(set), 0)
}

export function sumStatus(
  sets: readonly (ReplicaSet | undefined)[],
  field: 'replicas' | 'readyReplicas' | 'availableReplicas',
): number {
  return sets.reduce((sum, set) => sum + (set?.status?.[field] ?? 0), 0)
}

/** How large the newest set may be now, while the others shrink. */
export function newSetSize(
  deployment: Deployment,
  others: readonly ReplicaSet[],
  current: number,
): number {
  const wanted = wantedReplicas(deployment)
  if (!isRollingUpdate(deployment)) return wanted
  const total = sumReplicas(others) + current
  const room = wanted + maxSurge(deployment) - total
  return room <= 0 ? current : current + Math.min(room, wanted - current)
}

/** The part of `toAdd` (which may be negative) that falls to this set, when a Deployment is scaled in mid-rollout. */
export function proportion(
  deployment: Deployment,
  set: ReplicaSet,
  toAdd: number,
  added: number,
): number {
  const size = replicasOf(set)
  if (size === 0 || toAdd === 0 || toAdd === added) return 0
  const fraction = fractionOf(deployment, set)
  const allowed = toAdd - added
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed)
}

function fractionOf(deployment: Deployment, set: ReplicaSet): number {
  const size = replicasOf(set)
  const wanted = wantedReplicas(deployment)
  if (wanted === 0) return -size
  const noted = Number(set.metadata.annotations?.[maxAnnotation])
  const before = noted > 0 ? noted : (deployment.status?.replicas ?? 0)
  if (before === 0) return 0
  return Math.round((size * (wanted + maxSurge(deployment))) / before) - size
}
