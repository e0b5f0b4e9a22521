/** Workloads of roles under fixed names: filled, exchanged in place, emptied, and given a new template when empty. */
import type { PatchOperation, Write } from '../decision.ts'
import { pointer } from '../decision.ts'
import { type Facts, hasRules, isDrained, isQuiet } from '../facts.ts'
import { candidateOf } from '../model/app.ts'
import { limitsOf } from '../model/share.ts'
import { podsFor, stable, weightOf } from '../model/weights.ts'
import type { Observed, WorkloadSeen } from '../observed.ts'
import { annotations, isPerRevision, labels, seatOf } from '../render/names.ts'
import { workload, workloadRef } from '../render/workload.ts'
import { type PodsWanted, podsOf, type Stance } from '../strategies/strategy.ts'
import { templateOf } from '../templates.ts'
import type { Instant } from '../time.ts'
import { forgetKeepers, handOver } from './handover.ts'
import { scale } from './scale.ts'
import { type Held, type Part, waitingFor } from './waiting.ts'

export function moveSeats(observed: Observed, facts: Facts, stance: Stance, now: Instant): Part {
  const handed = handOver(observed, facts, stance, now)
  const keepers = stance.handover === undefined ? forgetKeepers(observed, facts) : []
  const given = stance.handover?.part === 'relabel'
  const filled = given ? [] : stance.pods.map((one) => fill(observed, facts, stance, one, now))
  return {
    writes: [
      ...filled.flatMap(({ writes }) => writes),
      ...(given ? [] : empty(observed, facts, stance, now)),
      ...handed.writes,
      ...keepers,
    ],
    held: [...filled.flatMap(({ held }) => held), ...handed.held],
  }
}

function fill(
  observed: Observed,
  facts: Facts,
  stance: Stance,
  wanted: PodsWanted,
  now: Instant,
): Part {
  const { role, revision, replicas } = wanted
  const seen = facts.seat(role)
  if (seen === undefined) return fresh(facts, wanted)
  if (seen.deleting) return { writes: [], held: lacking(wanted, seen, 0) }
  if (seen.revision !== revision) return exchange(observed, facts, stance, wanted, seen, now)
  const writes = seen.replicas < replicas ? [scale(observed.app, seen, replicas)] : []
  return { writes, held: lacking(wanted, seen, Math.min(seen.ready, seen.replicas)) }
}

function fresh(facts: Facts, wanted: PodsWanted): Part {
  const { role, revision, replicas } = wanted
  const template = templateOf(facts, revision)
  if (template === undefined) {
    const message = `the workload of revision ${revision} is gone and its template with it; ask for it again or promote the candidate`
    return { writes: [], held: [{ role, waiting: waitingFor('WaitingForPods', message) }] }
  }
  // An app without pods has its workloads all the same: they say which revision each role has.
  if (replicas === 0 && facts.app.replicas > 0) return { writes: [], held: [] }
  const object = workload(facts.app, { role, revision, replicas, template })
  return { writes: [{ kind: 'create', object }], held: lacking(wanted, undefined, 0) }
}

/** A seat that runs something else: in place where the kind can, else only once it is empty. */
function exchange(
  observed: Observed,
  facts: Facts,
  stance: Stance,
  wanted: PodsWanted,
  seen: WorkloadSeen,
  now: Instant,
): Part {
  const { role, revision } = wanted
  const held = lacking(wanted, seen, 0)
  const template = templateOf(facts, revision)
  if (template === undefined) return { writes: [], held }
  // Before a first revision serves, nobody is served by what another one takes the place of.
  const isFirst = role === stable && observed.notebook?.stable === undefined
  const inPlace = stance.inPlace === true || isFirst
  const rolls = seen.kind === 'Deployment' && role === stable && inPlace
  const quiet = isFirst || isQuiet(facts, role, now)
  const unused = quiet && facts.listedAll(role) === 0
  const isEmpty = seen.replicas === 0 && seen.pods === 0
  if (!rolls && !isEmpty) {
    const shrinks = quiet && seen.replicas > 0
    return { writes: shrinks ? [scale(observed.app, seen, 0)] : [], held }
  }
  if (!rolls && !unused) return { writes: [], held }
  // What it selects cannot change: an empty one makes room for another of its name.
  if (!rolls && selectsRevision(facts.app))
    return {
      writes: [{ kind: 'delete', ref: workloadRef(observed.app, seen), uid: seen.uid }],
      held,
    }
  const object = workload(facts.app, { ...wanted, template })
  const patch: readonly PatchOperation[] = [
    { op: 'test', path: '/metadata/uid', value: seen.uid },
    { op: 'test', path: '/metadata/resourceVersion', value: seen.resourceVersion },
    { op: 'add', path: pointer('metadata', 'labels', labels.revision), value: revision },
    {
      op: 'add',
      path: pointer('metadata', 'annotations', annotations.written),
      value: template.written,
    },
    { op: 'replace', path: '/spec/template', value: object.spec.template },
    {
      op: 'add',
      path: '/spec/replicas',
      value: rolls ? Math.max(seen.replicas, wanted.replicas) : wanted.replicas,
    },
  ]
  return { writes: [{ kind: 'patch', ref: workloadRef(observed.app, seen), patch }], held }
}

function selectsRevision({ workloads }: Facts['app']): boolean {
  if (workloads.kind === 'Deployment') return false
  return Object.values(workloads.labels ?? {}).some((value) => value.includes('{revision}'))
}

function lacking(
  { role, revision, replicas }: PodsWanted,
  seen: WorkloadSeen | undefined,
  ready: number,
): readonly Held[] {
  if (ready >= replicas) return []
  const message = `${ready} of ${replicas} pods of revision ${revision} are ready`
  const object = seen === undefined ? undefined : `${seen.kind} ${seen.name}`
  return [{ role, waiting: waitingFor('WaitingForPods', message, object) }]
}

/** Seats shrink to what is wanted once no traffic reaches them, or no more than the rest can carry. */
function empty(observed: Observed, facts: Facts, stance: Stance, now: Instant): readonly Write[] {
  const { layout } = facts.app.workloads
  if (layout.by !== 'role') return []
  return Object.keys(layout.roles).flatMap((role): readonly Write[] => {
    const seen = facts.seat(role)
    if (seen === undefined || seen.deleting) return []
    const asked = podsOf(stance, seen.revision, role)
    // A split takes stable's pods once their traffic has gone, not when it is decided.
    const wanted = asked === undefined ? undefined : Math.max(asked, heldBySplit(facts, role))
    if (wanted !== undefined)
      return wanted < seen.replicas && mayShrink(facts, stance, role, now)
        ? [scale(observed.app, seen, wanted)]
        : []
    // Another revision is to come in here: exchange sees to it.
    if (stance.pods.some((one) => one.role === role)) return []
    if (!isQuiet(facts, role, now)) return []
    if (seen.replicas > 0) return [scale(observed.app, seen, 0)]
    const left = role !== stable && candidateOf(facts.app, role) === undefined
    const passing = left || layout.idle === 'delete' || isPerRevision(seatOf(layout, role))
    const goes = stance.handover !== undefined || (passing && role !== stable)
    if (!goes || seen.pods > 0) return []
    return [{ kind: 'delete', ref: workloadRef(observed.app, seen), uid: seen.uid }]
  })
}

function heldBySplit({ app, weights }: Facts, role: string): number {
  if (app.plan.split !== true || role !== stable || weights === undefined) return 0
  const others = Object.keys(weights).filter((one) => one !== stable)
  const taken = others.map((one) => podsFor(app.replicas, weightOf(weights, one)))
  const { bounds } = app.plan
  // So many may be missing all the time: each of the others carries more.
  const missing = bounds === undefined ? 0 : limitsOf(bounds, app.replicas).unavailable
  const rest = taken.reduce((left, pods) => left - pods, app.replicas - missing)
  return weightOf(weights, stable) === 0 ? 0 : Math.max(0, rest)
}

function mayShrink(facts: Facts, stance: Stance, role: string, now: Instant): boolean {
  const ruled = hasRules(facts, role) && stance.matches[role] === undefined
  const isThere = weightOf(facts.weights ?? {}, role) <= weightOf(stance.weights, role)
  return isDrained(facts, now) && !ruled && isThere
}
