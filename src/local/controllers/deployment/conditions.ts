/** The conditions of a Deployment, and what they say about its progress: pure. */
import type { Deployment, DeploymentStatus, WorkloadCondition } from '../shapes.ts'
import { instantOf, timestamp } from '../times.ts'
import { wantedReplicas } from './numbers.ts'

export type Conditions = readonly WorkloadCondition[]

export function conditionOf(
  status: DeploymentStatus | undefined,
  type: string,
): WorkloadCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}

export function newCondition(
  type: string,
  status: WorkloadCondition['status'],
  reason: string,
  message: string,
  now: number,
): WorkloadCondition {
  const at = timestamp(now)
  return { type, status, reason, message, lastUpdateTime: at, lastTransitionTime: at }
}

/** Leaves a condition of the same status and reason as it is, whatever its message. */
export function withCondition(conditions: Conditions, condition: WorkloadCondition): Conditions {
  const known = conditions.find(({ type }) => type === condition.type)
  if (known?.status === condition.status && known.reason === condition.reason) return conditions
  const since = known?.status === condition.status ? known.lastTransitionTime : undefined
  const kept = since === undefined ? condition : { ...condition, lastTransitionTime: since }
  return [...withoutCondition(conditions, condition.type), kept]
}

export function withoutCondition(conditions: Conditions, type: string): Conditions {
  return conditions.filter((condition) => condition.type !== type)
}

const noDeadline = 2_147_483_647

export function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== noDeadline
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = wantedReplicas(deployment)
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

export function hasProgressed(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number =>
    replicas - updatedReplicas
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

/** When the progress deadline passes, unless there is progress before; undefined when it cannot any more. */
export function deadlineOf(deployment: Deployment, status: DeploymentStatus): number | undefined {
  const condition = conditionOf(status, 'Progressing')
  if (!hasDeadline(deployment) || condition === undefined) return undefined
  if (condition.reason === 'NewReplicaSetAvailable') return undefined
  if (condition.reason === 'ProgressDeadlineExceeded') return undefined
  const since = instantOf(condition.lastUpdateTime)
  const seconds = deployment.spec.progressDeadlineSeconds ?? 0
  return since === undefined ? undefined : since + seconds * 1000
}
