/**
 * What the original left: its Deployments bear no label of ours, and its status says where a test stood. Both are
 * taken over as they are, so that no pod starts anew and no weight jumps.
 */
import type { Lookup } from '#core/api/reference.ts'
import type { ObjectRef } from '#core/k8s/meta.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import type { TakeOver } from '#core/model/app.ts'
import type { Notebook, Trial } from '#core/model/notebook.ts'
import { type RoleName, stable } from '#core/model/weights.ts'
import { emptyNotebook } from '#core/pass.ts'
import type { Problem } from '#core/refuse.ts'
import { labels } from '#core/render/names.ts'
import { writtenHash } from '#core/revision.ts'
import { type Instant, parseInstant } from '#core/time.ts'
import { type CanaryApp, imageIn, namesOf, podTemplate, secondary } from './canary-app.ts'
import { stepAt, stepsOf } from './plan.ts'

export type Left = {
  readonly role: RoleName
  readonly image: string
  readonly revision: string
  readonly createdAt: Instant
  readonly workload: Workload
}

/** The Deployments under the names that are ours; not looked at any more once ours are seen to run there. */
export function deploymentsOf({ metadata, status }: CanaryApp): readonly ObjectRef[] {
  if ((status?.headgate?.stable?.replicas ?? 0) > 0) return []
  const { name, namespace = 'default' } = metadata
  const names = namesOf(name)
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace }
  return [
    { ...ref, name: names.primary },
    { ...ref, name: names.secondary },
  ]
}

/** Those that belong to this CanaryApp, ours already or not. */
export function leftOf(object: CanaryApp, lookup: Lookup): readonly Left[] {
  return found(object, lookup).filter(({ workload }) => isOwn(object, workload))
}

/** Somebody else's Deployments under names that we need. */
export function strangers(object: CanaryApp, lookup: Lookup): readonly Problem[] {
  return found(object, lookup)
    .filter(({ workload }) => !isOwn(object, workload))
    .map(({ workload: { metadata } }) => ({
      path: 'metadata.name',
      message: `Deployment ${metadata.name} exists and was not made for this CanaryApp; rename one of the two, or delete the Deployment`,
    }))
}

function found(object: CanaryApp, lookup: Lookup): readonly Left[] {
  const [primary, test] = deploymentsOf(object)
  return [[stable, primary] as const, [secondary, test] as const].flatMap(([role, ref]) => {
    const seen = ref === undefined ? undefined : (lookup(ref) as Workload | undefined)
    return seen === undefined || seen.metadata.deletionTimestamp !== undefined
      ? []
      : [leftAs(object, role, seen)]
  })
}

function leftAs(object: CanaryApp, role: RoleName, workload: Workload): Left {
  const { name } = object.metadata
  const { containers } = workload.spec.template.spec
  const image =
    containers.find((one) => one.name === name)?.image ?? imageIn(workload.spec.template)
  return {
    role,
    image,
    revision:
      workload.metadata.labels?.[labels.revision] ?? writtenHash(podTemplate(object, image)),
    createdAt: parseInstant(workload.metadata.creationTimestamp) ?? 0,
    workload,
  }
}

function isOwn({ metadata }: CanaryApp, workload: Workload): boolean {
  const owners = workload.metadata.ownerReferences ?? []
  return (
    owners.some(({ uid }) => uid === metadata.uid) ||
    (owners.length === 0 && workload.metadata.labels?.[labels.release] === metadata.name)
  )
}

function isOurs({ workload }: Left): boolean {
  return workload.metadata.labels?.[labels.release] !== undefined
}

/** Those that bear no label of ours yet, with what they get. */
export function takeOvers(object: CanaryApp, lookup: Lookup): readonly TakeOver[] {
  return leftOf(object, lookup)
    .filter((one) => !isOurs(one))
    .map(({ role, revision, image, workload: { metadata } }) => ({
      role,
      revision,
      written: writtenHash(podTemplate(object, image)),
      name: metadata.name,
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
    }))
}

/**
 * Where the original stood, by its own status and its Deployments; undefined where nothing of it is there. Ours count
 * where a status was lost, but for the one that is asked for: it comes up by itself.
 */
export function notebookLeft(object: CanaryApp, lookup: Lookup): Notebook | undefined {
  const left = leftOf(object, lookup)
  const primary = left.find(({ role }) => role === stable)
  if (primary === undefined) return undefined
  const { metadata, spec, status } = object
  if (isOurs(primary) && primary.image === spec.image) return undefined
  const trial = trialLeft(object, left)
  const since = parseInstant(status?.lastTrafficShift) ?? primary.createdAt
  const empty = emptyNotebook(metadata.generation ?? 0, since)
  return {
    ...empty,
    phase: trial === undefined ? 'Completed' : 'Progressing',
    stable: primary.revision,
    trials: trial === undefined ? [] : [trial],
  }
}

function trialLeft(object: CanaryApp, left: readonly Left[]): Trial | undefined {
  const { spec, status } = object
  const tested = left.find(({ role }) => role === secondary)
  if (status?.testRunning !== true || tested === undefined) return undefined
  // Older ones wrote no time: then the test began no earlier than its pods.
  const since = parseInstant(status.lastTrafficShift) ?? tested.createdAt
  return {
    role: secondary,
    revision: tested.revision,
    startedAt: since,
    stage: { kind: 'steps' },
    step: stepAt(stepsOf(spec), status.trafficShift),
    stepStartedAt: since,
    trafficSince: since,
    service: object.metadata.name,
    command: undefined,
  }
}
