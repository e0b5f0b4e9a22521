/** The status of a Deployment, worked out from its ReplicaSets: pure. */
import type { Deployment, DeploymentStatus, ReplicaSet } from '../shapes.ts'
import {
  type Conditions,
  conditionOf,
  deadlineOf,
  hasDeadline,
  hasProgressed,
  isComplete,
  newCondition,
  withCondition,
  withoutCondition,
} from './conditions.ts'
import { maxUnavailable, sumReplicas, sumStatus, wantedReplicas } from './numbers.ts'

export type Sets = {
  readonly newest: ReplicaSet | undefined
  /** Oldest first. */
  readonly old: readonly ReplicaSet[]
}

export function allOf({ newest, old }: Sets): readonly ReplicaSet[] {
  return newest === undefined ? old : [...old, newest]
}

/** The numbers, and whether enough pods are available. */
export function countStatus(deployment: Deployment, sets: Sets, now: number): DeploymentStatus {
  const all = allOf(sets)
  const available = sumStatus(all, 'availableReplicas')
  const enough = available >= wantedReplicas(deployment) - maxUnavailable(deployment)
  const condition = enough
    ? newCondition(
        'Available',
        'True',
        'MinimumReplicasAvailable',
        'Deployment has minimum availability.',
        now,
      )
    : newCondition(
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
        now,
      )
  const { collisionCount, conditions = [] } = deployment.status ?? {}
  const { generation } = deployment.metadata
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...positive('replicas', sumStatus(all, 'replicas')),
    ...positive('updatedReplicas', sumStatus([sets.newest], 'replicas')),
    ...positive('readyReplicas', sumStatus(all, 'readyReplicas')),
    ...positive('availableReplicas', available),
    ...positive('unavailableReplicas', sumReplicas(all) - available),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(conditions, condition),
  }
}

function positive(name: keyof DeploymentStatus, count: number): DeploymentStatus {
  return count > 0 ? { [name]: count } : {}
}

/** The numbers, and how the rollout is coming along. */
export function rolloutStatus(deployment: Deployment, sets: Sets, now: number): DeploymentStatus {
  const status = countStatus(deployment, sets, now)
  const progress = progressConditions(deployment, status, sets, now)
  return { ...status, conditions: withFailures(progress, sets) }
}

function progressConditions(
  deployment: Deployment,
  status: DeploymentStatus,
  { newest }: Sets,
  now: number,
): Conditions {
  const conditions = status.conditions ?? []
  if (!hasDeadline(deployment)) return withoutCondition(conditions, 'Progressing')
  const current = conditionOf(deployment.status, 'Progressing')
  const wasComplete =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) &&
    current?.reason === 'NewReplicaSetAvailable'
  if (wasComplete) return conditions
  const { name } = deployment.metadata
  const who = newest === undefined ? `Deployment "${name}"` : `ReplicaSet "${newest.metadata.name}"`
  const progressing = (state: 'True' | 'False', reason: string, what: string) =>
    newCondition('Progressing', state, reason, `${who} ${what}.`, now)

  if (isComplete(deployment, status)) {
    const done = progressing('True', 'NewReplicaSetAvailable', 'has successfully progressed')
    return withCondition(conditions, done)
  }
  if (hasProgressed(deployment.status ?? {}, status)) {
    const moving = progressing('True', 'ReplicaSetUpdated', 'is progressing')
    const since = current?.status === 'True' ? current.lastTransitionTime : undefined
    const kept = since === undefined ? moving : { ...moving, lastTransitionTime: since }
    // Replaced even where status and reason are the same: the time of the last progress counts.
    return [...withoutCondition(conditions, 'Progressing'), kept]
  }
  const deadline = deadlineOf(deployment, { ...deployment.status, conditions })
  if (deadline !== undefined && now > deadline) {
    const late = progressing('False', 'ProgressDeadlineExceeded', 'has timed out progressing')
    return withCondition(conditions, late)
  }
  return conditions
}

function withFailures(conditions: Conditions, { newest, old }: Sets): Conditions {
  const failure = [newest, ...old]
    .flatMap((set) => set?.status?.conditions ?? [])
    .find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  const rest = withoutCondition(conditions, 'ReplicaFailure')
  if (failure === undefined) return rest
  const { lastTransitionTime = '' } = failure
  return withCondition(conditions, { ...failure, lastUpdateTime: lastTransitionTime })
}
