/** What controllers ask of a pod, and how they make one from a template. */
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { controllerReference } from './owners.ts'
import type { Pod, PodTemplate } from './shapes.ts'
import { instantOf } from './times.ts'

/** Neither finished nor on its way out. */
export function isActive({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    status?.phase !== 'Succeeded' &&
    status?.phase !== 'Failed'
  )
}

function readyCondition({ status }: Pod) {
  return status?.conditions?.find((condition) => condition.type === 'Ready')
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True'
}

/** Since when the pod is ready; undefined when it is not. */
function readySince(pod: Pod): number | undefined {
  const condition = readyCondition(pod)
  return condition?.status === 'True' ? (instantOf(condition.lastTransitionTime) ?? 0) : undefined
}

/** The instant from which the pod counts as available; undefined while it is not ready. */
export function availableFrom(pod: Pod, minReadySeconds: number): number | undefined {
  const since = readySince(pod)
  return since === undefined ? undefined : since + minReadySeconds * 1000
}

export function podFromTemplate(kind: Kind, owner: KubeObject, template: PodTemplate): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      // The server puts the rest of the name after generateName.
      generateName: `${owner.metadata.name}-`,
      ...(owner.metadata.namespace === undefined ? {} : { namespace: owner.metadata.namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(kind, owner)],
    } as unknown as KubeObject['metadata'],
    spec: template.spec,
  }
}

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'
const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/**
 * The order in which a ReplicaSet gives pods up, first to go first. `crowd` says how many pods of the same owner stand
 * on the pod's node.
 */
export function deletionOrder(
  pods: readonly Pod[],
  crowd: (pod: Pod) => number,
  now: number,
): readonly Pod[] {
  const ranked = pods.map((pod) => ({ pod, rank: deletionRank(pod, crowd(pod), now) }))
  ranked.sort((left, right) => compareRanks(left.rank, right.rank))
  return ranked.map(({ pod }) => pod)
}

type Rank = readonly (number | string)[]

// One number a criterion, in kube-controller-manager's order; the smaller number goes first.
function deletionRank(pod: Pod, crowd: number, now: number): Rank {
  const since = readySince(pod)
  const cost = Number(pod.metadata.annotations?.[deletionCost] ?? 0)
  return [
    (pod.spec.nodeName ?? '') === '' ? 0 : 1,
    phaseRank[pod.status?.phase ?? 'Pending'] ?? 0,
    since === undefined ? 0 : 1,
    Number.isFinite(cost) ? cost : 0,
    -crowd,
    since === undefined ? 0 : logOfAge(since, now),
    -mostRestarts(pod),
    logOfAge(instantOf(pod.metadata.creationTimestamp), now),
    pod.metadata.uid ?? '',
  ]
}

// Ages are compared by their order of magnitude, so that among equals the choice is as good as random.
function logOfAge(since: number | undefined, now: number): number {
  if (since === undefined) return -1
  return Math.floor(Math.log2(Math.max(1, (now - since) * 1e6)))
}

function mostRestarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount))
}

function compareRanks(left: Rank, right: Rank): number {
  for (const [index, a] of left.entries()) {
    const b = right[index] ?? 0
    if (a !== b) return a < b ? -1 : 1
  }
  return 0
}
