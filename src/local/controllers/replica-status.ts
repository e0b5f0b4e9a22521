/** The status of a ReplicaSet or ReplicationController, worked out from its pods. */
import { semanticEqual } from './equality.ts'
import { availableFrom, isReady } from './pods.ts'
import type { Replicated } from './replicas.ts'
import { matcher } from './selectors.ts'
import type { Pod, ReplicaStatus, WorkloadCondition } from './shapes.ts'
import { timestamp } from './times.ts'

/** How the pass fared with its pods. */
export type Trial =
  | { readonly kind: 'untried' }
  | { readonly kind: 'done' }
  | {
      readonly kind: 'failed'
      readonly reason: 'FailedCreate' | 'FailedDelete'
      readonly error: unknown
    }

/** `nextChangeAt`: when a ready pod becomes available, without any event telling so. */
export function statusOf(
  owner: Replicated,
  pods: readonly Pod[],
  trial: Trial,
  now: number,
): { readonly status: ReplicaStatus; readonly nextChangeAt: number | undefined } {
  const minReady = owner.spec.minReadySeconds ?? 0
  const isLabelled = matcher({ matchLabels: owner.spec.template?.metadata?.labels ?? {} })
  let nextChangeAt: number | undefined
  const count = { labelled: 0, ready: 0, available: 0 }
  for (const pod of pods) {
    if (isLabelled(pod.metadata.labels)) count.labelled += 1
    if (isReady(pod)) count.ready += 1
    const from = availableFrom(pod, minReady)
    if (from === undefined) continue
    if (from <= now) count.available += 1
    else nextChangeAt = Math.min(from, nextChangeAt ?? from)
  }
  const conditions = conditionsOf(owner, trial, now)
  const status: ReplicaStatus = {
    replicas: pods.length,
    ...(count.labelled > 0 ? { fullyLabeledReplicas: count.labelled } : {}),
    ...(count.ready > 0 ? { readyReplicas: count.ready } : {}),
    ...(count.available > 0 ? { availableReplicas: count.available } : {}),
    ...(owner.metadata.generation === undefined
      ? {}
      : { observedGeneration: owner.metadata.generation }),
    ...(conditions.length > 0 ? { conditions } : {}),
  }
  return { status, nextChangeAt }
}

export function statusChanged({ status }: Replicated, wanted: ReplicaStatus): boolean {
  const zeroes = { fullyLabeledReplicas: 0, readyReplicas: 0, availableReplicas: 0 }
  return !semanticEqual({ ...zeroes, replicas: 0, ...status }, { ...zeroes, ...wanted })
}

function conditionsOf(
  { status }: Replicated,
  trial: Trial,
  now: number,
): readonly WorkloadCondition[] {
  const known = status?.conditions ?? []
  const others = known.filter(({ type }) => type !== 'ReplicaFailure')
  if (trial.kind === 'untried') return known
  if (trial.kind === 'done') return others
  const failure = known.find(({ type }) => type === 'ReplicaFailure')
  if (failure?.reason === trial.reason) return known
  const message = trial.error instanceof Error ? trial.error.message : String(trial.error)
  const lastTransitionTime = timestamp(now)
  return [
    ...others,
    { type: 'ReplicaFailure', status: 'True', reason: trial.reason, message, lastTransitionTime },
  ]
}
