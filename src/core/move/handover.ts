/** The writes of a handover: pods lose their ReplicaSet, get the stable role's labels, and find a new ReplicaSet there. */
import { type PatchOperation, pointer, type Write } from '../decision.ts'
import { type Facts, isDrained, isQuiet, membersOf } from '../facts.ts'
import type { Workload } from '../k8s/workloads.ts'
import type { App } from '../model/app.ts'
import { type RoleName, stable } from '../model/weights.ts'
import type { MemberSeen, Observed, WorkloadSeen } from '../observed.ts'
import { labels as names, seatOf } from '../render/names.ts'
import { workload, workloadRef } from '../render/workload.ts'
import type { Stance } from '../strategies/strategy.ts'
import { templateOf } from '../templates.ts'
import type { Instant } from '../time.ts'
import { scale } from './scale.ts'
import { type Held, type Part, waitingFor } from './waiting.ts'

export function handOver(observed: Observed, facts: Facts, stance: Stance, now: Instant): Part {
  const { handover } = stance
  if (handover === undefined) return { writes: [], held: [] }
  const message = `pods of revision ${handover.revision} are handed over to the stable role`
  const held: readonly Held[] = [{ role: handover.role, waiting: waitingFor('Promoting', message) }]
  switch (handover.part) {
    case 'carry':
    case 'refill':
      return { writes: [], held }
    case 'release':
      return { writes: release(observed, facts), held }
    case 'orphan':
      return { writes: orphan(observed, facts, stance, handover.role, now), held }
    case 'relabel':
      return { writes: relabel(observed, facts, handover, now), held }
  }
}

/** Stable's ReplicaSet goes without its pods, which serve on. */
function release({ app }: Observed, facts: Facts): readonly Write[] {
  const seen = facts.seat(stable)
  if (seen === undefined || seen.deleting) return []
  return [{ kind: 'delete', ref: workloadRef(app, seen), uid: seen.uid, orphans: true }]
}

/** The candidate's ReplicaSet goes without its pods, once there is a batch to spare and nobody uses the old ones. */
function orphan(
  observed: Observed,
  facts: Facts,
  stance: Stance,
  role: RoleName,
  now: Instant,
): readonly Write[] {
  const seen = facts.seat(role)
  const { app } = facts
  const more = stance.pods.find((one) => one.role === role)?.replicas ?? app.replicas
  if (seen === undefined || seen.deleting || facts.seat(stable) !== undefined) return []
  if (Math.min(seen.ready, facts.listedAll(role)) < more || !isDrained(facts, now)) return []
  const kept = keeper(facts, seen)
  if (!observed.workloads.some(({ name }) => name === kept.metadata.name))
    return [{ kind: 'create', object: kept }]
  const ref = workloadRef(observed.app, seen)
  return [{ kind: 'delete', ref, uid: seen.uid, orphans: true }]
}

/**
 * A workload without pods that keeps the template as long as nobody else has it: what is asked for may change while the
 * pods are on their way. It selects none of them.
 */
function keeper(facts: Facts, { revision, written, template }: WorkloadSeen): Workload {
  const own = { template: facts.bare(template), written }
  const run = { role: stable, revision, replicas: 0, template: own }
  const made = workload(facts.app, run)
  const labels = { [names.keeper]: revision }
  return {
    ...made,
    metadata: { ...made.metadata, name: `${made.metadata.name}-${revision}-keep` },
    spec: {
      ...made.spec,
      selector: made.kind === 'ReplicationController' ? labels : { matchLabels: labels },
      template: {
        ...made.spec.template,
        metadata: {
          ...made.spec.template.metadata,
          labels: { ...made.spec.template.metadata?.labels, ...labels },
        },
      },
    },
  }
}

/** Keepers that nobody needs: their revision has a home again, or no pods. */
export function forgetKeepers({ app, workloads }: Observed, facts: Facts): readonly Write[] {
  const { layout } = app.workloads
  if (layout.by !== 'role') return []
  const seats = new Set(Object.keys(layout.roles).map((role) => facts.seat(role)?.uid))
  const needed = (revision: string): boolean =>
    membersOf(facts, revision).length > 0 &&
    !workloads.some((one) => one.revision === revision && seats.has(one.uid))
  const others = workloads.filter((one) => !one.deleting && !seats.has(one.uid))
  // What nobody knows any more has lost its place while nobody looked; its pods go first.
  const lost = others.filter(({ name, replicas }) => replicas > 0 && isUnlisted(facts, name))
  const idle = others.filter((one) => one.replicas === 0 && one.pods === 0 && !needed(one.revision))
  return [
    ...lost.map((one) => scale(app, one, 0)),
    ...idle.map((one): Write => ({ kind: 'delete', ref: workloadRef(app, one), uid: one.uid })),
  ]
}

function isUnlisted(facts: Facts, workload: string): boolean {
  return Object.keys(facts.app.services).every((role) => facts.listed(role, workload) === 0)
}

function relabel(
  observed: Observed,
  facts: Facts,
  { role, revision, pods = 0 }: NonNullable<Stance['handover']>,
  now: Instant,
): readonly Write[] {
  const { app } = facts
  const { layout } = app.workloads
  if (layout.by !== 'role') return []
  const [own, theirs] = [stable, role].map((one) => seatOf(layout, one).labels)
  const members = membersOf(facts, revision)
  const away = members.filter((member) => wears(member, theirs ?? {}))
  const home = members.filter((member) => wears(member, own ?? {}))
  // One goes home also where none is wanted any more: the stable workload that adopts it takes it away.
  const room = Math.max(1, app.replicas) - home.length
  if (away.length > 0 && room > 0) {
    // The oldest first: they are the ones that were judged.
    const going = away
      .filter(({ ready }) => ready)
      .toSorted((one, other) => one.createdAt - other.createdAt || settledBefore(one, other))
      .slice(0, Math.min(pods, room))
    return going.map((member) => relabelled(observed, member, own ?? {}))
  }
  const old = facts.members.filter(
    (member) => member.revision !== revision && wears(member, own ?? {}),
  )
  if (old.length > 0) {
    const joined = home.filter(({ ready }) => ready).length
    const serving = old.filter(({ ready }) => ready).length
    const isListed = facts.listedAll(stable) >= serving + app.replicas
    return joined >= app.replicas && isListed ? old.map((one) => removed(app, one)) : []
  }
  // The surplus goes where nobody is sent to it any more: behind stable's Service it would die with traffic on it.
  if (away.length > 0) return isQuiet(facts, role, now) ? away.map((one) => removed(app, one)) : []
  const template = templateOf(facts, revision)
  if (home.length === 0 || template === undefined) return []
  const run = { role: stable, revision, replicas: app.replicas, template }
  return [{ kind: 'create', object: workload(app, run) }]
}

function removed({ namespace }: App, { name, uid }: MemberSeen): Write {
  return { kind: 'delete', ref: { apiVersion: 'v1', kind: 'Pod', namespace, name }, uid }
}

/** Within one second, whose status came to rest first: versions only grow. Nothing but this order rests on it. */
function settledBefore(one: MemberSeen, other: MemberSeen): number {
  return Number(one.resourceVersion) - Number(other.resourceVersion) || 0
}

function wears({ labels }: MemberSeen, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}

function relabelled(
  { app }: Observed,
  { name, uid, resourceVersion }: MemberSeen,
  wanted: Readonly<Record<string, string>>,
): Write {
  const patch: readonly PatchOperation[] = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    ...Object.entries({ ...wanted, [names.seat]: stable }).map(
      ([key, value]) => ({ op: 'add', path: pointer('metadata', 'labels', key), value }) as const,
    ),
  ]
  const ref = { apiVersion: 'v1', kind: 'Pod', namespace: app.namespace, name }
  return { kind: 'patch', ref, patch }
}
