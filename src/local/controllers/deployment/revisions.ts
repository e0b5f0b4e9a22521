/** Which ReplicaSet stands for which revision of a Deployment: pure. */
import { kinds } from '#core/k8s/kinds.ts'
import type { Labels } from '#core/k8s/meta.ts'
import { semanticEqual } from '../equality.ts'
import { controllerReference } from '../owners.ts'
import type { Deployment, PodTemplate, ReplicaSet } from '../shapes.ts'
import { hashLabel, templateHash } from '../template-hash.ts'
import { instantOf } from '../times.ts'
import { desiredAnnotation, maxAnnotation, maxSurge, wantedReplicas } from './numbers.ts'
import type { Sets } from './status.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const historyAnnotation = 'deployment.kubernetes.io/revision-history'

const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
])

/** The oldest set with the Deployment's template is the newest revision's; with two, the choice must be a steady one. */
export function sortSets(deployment: Deployment, sets: readonly ReplicaSet[]): Sets {
  const byAge = sets.toSorted(byCreation)
  const newest = byAge.find((set) => sameTemplate(set.spec.template, deployment.spec.template))
  return { newest, old: byAge.filter((set) => set !== newest) }
}

export function byCreation(left: ReplicaSet, right: ReplicaSet): number {
  const age = ({ metadata }: ReplicaSet): number => instantOf(metadata.creationTimestamp) ?? 0
  return age(left) - age(right) || (left.metadata.name < right.metadata.name ? -1 : 1)
}

export function sameTemplate(left: PodTemplate, right: PodTemplate): boolean {
  return semanticEqual(withoutHash(left), withoutHash(right))
}

function withoutHash({ metadata = {}, spec }: PodTemplate): PodTemplate {
  const { [hashLabel]: _, ...labels } = metadata.labels ?? {}
  const { creationTimestamp: __, ...rest } = metadata
  return { metadata: { ...rest, labels }, spec }
}

export function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[revisionAnnotation] ?? 0) || 0
}

export function nextRevision(old: readonly ReplicaSet[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1
}

/** The annotations a set carries for its Deployment; those of the set that the Deployment does not know are kept. */
export function setAnnotations(
  deployment: Deployment,
  set: ReplicaSet | undefined,
  revision: number,
): Labels {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(
    ([key]) => !notCopied.has(key),
  )
  const annotations = { ...set?.metadata.annotations, ...Object.fromEntries(copied) }
  if (set === undefined) {
    const sizes = sizeAnnotations(deployment)
    return { ...annotations, ...sizes, [revisionAnnotation]: String(revision) }
  }
  const before = annotations[revisionAnnotation]
  if (Number(before ?? 0) >= revision) return annotations
  const history = [annotations[historyAnnotation], before].filter((part) => part !== undefined)
  return {
    ...annotations,
    [revisionAnnotation]: String(revision),
    ...(before === undefined ? {} : { [historyAnnotation]: history.join(',') }),
  }
}

export function sizeAnnotations(deployment: Deployment): Labels {
  const wanted = wantedReplicas(deployment)
  return {
    [desiredAnnotation]: String(wanted),
    [maxAnnotation]: String(wanted + maxSurge(deployment)),
  }
}

export function newReplicaSet(
  deployment: Deployment,
  revision: number,
  replicas: number,
): ReplicaSet {
  const { metadata, spec, status } = deployment
  const hash = templateHash(spec.template, status?.collisionCount)
  const labels = { ...spec.template.metadata?.labels, [hashLabel]: hash }
  const { namespace = '' } = metadata
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace,
      labels,
      annotations: setAnnotations(deployment, undefined, revision),
      ownerReferences: [controllerReference(kinds.deployment, deployment)],
    },
    spec: {
      replicas,
      minReadySeconds: spec.minReadySeconds ?? 0,
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [hashLabel]: hash },
      },
      template: {
        ...spec.template,
        metadata: { ...spec.template.metadata, labels },
      },
    },
  }
}
