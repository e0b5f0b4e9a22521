/**
 * What the original left: ReplicaSets under the same names without labels or owner of ours, and a status that says where
 * it stood. Both are taken over as they are, so that no pod starts anew and no weight jumps. As those pods cannot be
 * handed over (nothing says yet that they are ours), the next promotion fills the stable role anew, once.
 */
import { Notes } from '#core/api/notes.ts'
import type { Lookup } from '#core/api/reference.ts'
import { contained } from '#core/k8s/compare.ts'
import type { LabelSelector, ObjectRef } from '#core/k8s/meta.ts'
import type { PodTemplate, Workload } from '#core/k8s/workloads.ts'
import type { TakeOver } from '#core/model/app.ts'
import type { Failure, Notebook, Trial } from '#core/model/notebook.ts'
import { type RoleName, stable } from '#core/model/weights.ts'
import { emptyNotebook } from '#core/pass.ts'
import { labels as ours } from '#core/render/names.ts'
import { writtenHash } from '#core/revision.ts'
import { type Instant, parseInstant } from '#core/time.ts'
import { variantB } from './ab-testing.ts'
import { countedSteps } from './canary.ts'
import { labels, type Rollout, type StrategyName, strategyOf } from './rollout.ts'
import type { RolloutStatus } from './status.ts'

/** A ReplicaSet of the original, and the role that it has. */
export type Former = {
  readonly role: RoleName
  readonly set: Workload
  /** Hash of its template as its author wrote it, which names its revision too. */
  readonly written: string
}

const words: Readonly<Record<StrategyName, readonly (readonly [RoleName, string])[]>> = {
  canary: [
    [stable, '-stable'],
    ['canary', '-canary'],
  ],
  'blue-green': [
    [stable, '-active'],
    ['preview', '-preview'],
  ],
  'ab-testing': [
    [stable, '-variant-a'],
    [variantB, '-variant-b'],
  ],
  simple: [[stable, '']],
}

/** Looked at only where the original wrote a status, and as long as a ReplicaSet of its is there. */
export function formerSets({ metadata, spec, status }: Rollout): readonly ObjectRef[] {
  const { phase, headgate, former } = (status ?? {}) as RolloutStatus
  if (phase === undefined || (headgate !== undefined && former !== true)) return []
  if (typeof spec?.strategy !== 'object' || spec.strategy === null) return []
  const { name, namespace = 'default' } = metadata
  return words[strategyOf(spec)].map(([, word]) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    namespace,
    name: `${name}${word}`,
  }))
}

export function formersOf(rollout: Rollout, lookup: Lookup): readonly Former[] {
  const refs = formerSets(rollout)
  return words[strategyOf(rollout.spec)].flatMap(([role], index) => {
    const ref = refs[index]
    const set = ref === undefined ? undefined : (lookup(ref) as Workload | undefined)
    if (set === undefined || !isFormer(set, rollout)) return []
    return [{ role, set, written: writtenOf(set, rollout) }]
  })
}

/** Ours select their pods by more. */
function isFormer({ metadata, spec }: Workload, rollout: Rollout): boolean {
  const selector = (spec.selector as LabelSelector | undefined)?.matchLabels ?? {}
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  return (
    metadata.deletionTimestamp === undefined &&
    metadata.labels?.[labels.managed] === 'true' &&
    selector['revision'] === undefined &&
    (owner === undefined || owner.uid === rollout.metadata.uid)
  )
}

/** One that says all that is asked for now is what is asked for: the server has only added to it. */
function writtenOf({ spec }: Workload, rollout: Rollout): string {
  const own = bare(spec.template)
  const asked = rollout.spec.template
  return writtenHash(contained(asked, own) ? asked : own)
}

function bare(template: PodTemplate): PodTemplate {
  const added: readonly string[] = Object.values(labels)
  const kept = Object.entries(template.metadata?.labels ?? {}).filter(
    ([key]) => !added.includes(key),
  )
  return { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(kept) } }
}

/** Those that bear no label of ours yet, with what they get. */
export function takeOvers(formers: readonly Former[]): readonly TakeOver[] {
  return formers
    .filter(({ set }) => set.metadata.labels?.[ours.release] === undefined)
    .map(({ role, written, set: { metadata } }) => ({
      role,
      revision: written,
      written,
      name: metadata.name,
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
    }))
}

/** Where the original stood, by its own status and its ReplicaSets; undefined where nothing of it is there. */
export function bookLeft(rollout: Rollout, lookup: Lookup): Notebook | undefined {
  const formers = formersOf(rollout, lookup)
  if (formers.length === 0) return undefined
  const { metadata } = rollout
  const status = (rollout.status ?? {}) as RolloutStatus
  const since = parseInstant(status.progressStartedAt ?? metadata.creationTimestamp) ?? 0
  const own = formers.find(({ role }) => role === stable)
  const other = formers.find(({ role }) => role !== stable)
  const empty = emptyNotebook(metadata.generation ?? 0, since)
  // The original completed by leaving everything at the other role.
  const moved = status.phase === 'Completed' && replicasOf(own) === 0 && replicasOf(other) > 0
  if (own === undefined || moved) {
    if (other === undefined) return undefined
    return { ...empty, phase: 'Completed', stable: other.written, seat: other.role }
  }
  const trial = other === undefined ? undefined : trialLeft(rollout, status, other, since)
  return {
    ...empty,
    phase: trial === undefined ? 'Completed' : 'Progressing',
    stable: own.written,
    trials: trial === undefined ? [] : [trial],
    // On record from the start, so that it is not tried again once it is back.
    failed: trial?.stage.kind === 'retreating' ? [trial.stage.why] : [],
  }
}

function replicasOf(former: Former | undefined): number {
  return former === undefined ? 0 : (former.set.spec.replicas ?? 1)
}

function trialLeft(
  rollout: Rollout,
  status: RolloutStatus,
  { role, written }: Former,
  since: Instant,
): Trial | undefined {
  const { phase, pauseStartTime, stepStartTime } = status
  if (phase === 'Completed' || phase === 'Concluded') return undefined
  const message = status.message ?? 'it had failed before it was taken over'
  const why: Failure = { role, revision: written, reason: 'AnalysisFailed', message, at: since }
  return {
    role,
    revision: written,
    startedAt: since,
    stage: phase === 'Failed' ? { kind: 'retreating', why, outcome: 'failed' } : { kind: 'steps' },
    step: stepLeft(rollout, status),
    stepStartedAt: parseInstant(pauseStartTime ?? stepStartTime) ?? since,
    trafficSince: since,
    service: '',
    command: undefined,
  }
}

/** The engine's step for the original's: where that waited, its pause. */
function stepLeft(
  { spec }: Rollout,
  { currentStepIndex = 0, pauseStartTime }: RolloutStatus,
): number {
  const strategy = strategyOf(spec)
  if (strategy === 'blue-green') return 1
  if (strategy === 'ab-testing') return 2
  const { canary } = spec.strategy
  if (canary === undefined) return 0
  const counted = countedSteps(canary, new Notes())
  const first = counted.findIndex(({ of }) => of === currentStepIndex)
  const pause = counted.findIndex(
    ({ of, step }) => of === currentStepIndex && step.kind === 'pause',
  )
  if (first < 0) return counted.length
  return pauseStartTime !== undefined && pause >= 0 ? pause : first
}
