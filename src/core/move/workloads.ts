/** Workloads: created and scaled up at once, scaled down only when nothing can reach their pods any more. */
import type { Write } from '../decision.ts'
import { type Facts, hasRules, isDrained, isForgotten, listedReady } from '../facts.ts'
import { type RoleName, stable, weightOf } from '../model/weights.ts'
import type { Observed, WorkloadSeen } from '../observed.ts'
import { workload, workloadRef } from '../render/workload.ts'
import { podsOf, type Stance } from '../strategies/strategy.ts'
import { templateOf } from '../templates.ts'
import type { Instant } from '../time.ts'
import { adopt } from './adopt.ts'
import { scale } from './scale.ts'
import { moveSeats } from './seats.ts'
import { type Held, type Part, type Waiting, waitingFor } from './waiting.ts'

/** Workloads without pods that are kept as history: as many as a Deployment keeps. */
const usualHistory = 10

export function moveWorkloads(
  observed: Observed,
  facts: Facts,
  stance: Stance,
  now: Instant,
): Part {
  const { writes, held } =
    observed.app.workloads.layout.by === 'role'
      ? moveSeats(observed, facts, stance, now)
      : moveRevisions(observed, facts, stance, now)
  // Not both at once: the second would meet another version of the object.
  const own = adopt(observed)
  return { writes: own.length > 0 ? own : writes, held }
}

function moveRevisions(observed: Observed, facts: Facts, stance: Stance, now: Instant): Part {
  const writes: Write[] = []
  const held: Held[] = []
  for (const { role, revision } of stance.pods) {
    const replicas = podsOf(stance, revision) ?? 0
    const seen = facts.workload(revision, role)
    if (seen === undefined) writes.push(...create(facts, role, revision, replicas))
    else if (seen.replicas < replicas) writes.push(scale(observed.app, seen, replicas))
    const ready = Math.min(seen?.ready ?? 0, seen?.replicas ?? 0)
    if (ready < replicas)
      held.push({ role, waiting: waitingForPods(facts, role, revision, replicas, ready) })
  }
  for (const seen of observed.workloads) {
    const floor = floorOf(facts, stance, seen, now)
    if (!seen.deleting && floor < seen.replicas) writes.push(scale(observed.app, seen, floor))
  }
  writes.push(...forget(observed, facts, stance))
  return { writes: withoutRepeats(writes), held }
}

// Two roles may want one revision, hence one workload.
function withoutRepeats(writes: readonly Write[]): readonly Write[] {
  const names = writes.map((write) =>
    write.kind === 'create' ? write.object.metadata.name : write.ref.name,
  )
  return writes.filter((_, index) => names.indexOf(names[index] as string) === index)
}

// Only the templates asked for now are known in full; any other revision lives in its workload alone.
function create(
  facts: Facts,
  role: RoleName,
  revision: string,
  replicas: number,
): readonly Write[] {
  const template = templateOf(facts, revision)
  if (template === undefined || replicas === 0) return []
  return [{ kind: 'create', object: workload(facts.app, { role, revision, replicas, template }) }]
}

/**
 * The fewest pods a workload may have now. It shrinks to what is wanted only once the traffic has settled where the
 * stance wants it and no Service that should leave these pods still points at them or lists them, and whoever balances
 * has heard of it for certain: endpoints follow a selector a little later, gateways follow endpoints, and until then
 * traffic still comes.
 */
function floorOf(facts: Facts, stance: Stance, seen: WorkloadSeen, now: Instant): number {
  const wanted = podsOf(stance, seen.revision) ?? 0
  if (wanted >= seen.replicas) return wanted
  if (stance.pooled && podsOf(stance, seen.revision) !== undefined)
    return facts.selected(stable) === undefined
      ? pooledFloor(facts, stance, seen, wanted)
      : seen.replicas
  const free = Object.keys(facts.app.services).every((role) =>
    stance.revisions[role] === seen.revision
      ? weightOf(facts.weights ?? {}, role) <= weightOf(stance.weights, role) &&
        (!hasRules(facts, role) || stance.matches[role] !== undefined)
      : facts.selected(role) !== seen.revision &&
        facts.listed(role, seen.name) === 0 &&
        isForgotten(facts, role, now),
  )
  return free && isDrained(facts, now) ? wanted : seen.replicas
}

/** Behind one Service all carry for one another: what the others cannot carry yet stays. */
function pooledFloor(facts: Facts, stance: Stance, seen: WorkloadSeen, wanted: number): number {
  const { app } = facts
  // A rolling update has counted who is ready, and knows how many may be missing.
  if (app.plan.promotion.how === 'roll') return wanted
  const revisions = new Set(stance.pods.map(({ revision }) => revision))
  revisions.delete(seen.revision)
  const others = [...revisions].reduce(
    (sum, revision) => sum + listedReady(facts, stable, revision),
    0,
  )
  return Math.max(wanted, Math.min(seen.replicas, app.replicas - others))
}

function forget(observed: Observed, facts: Facts, stance: Stance): readonly Write[] {
  const selected = new Set(Object.keys(facts.app.services).map((role) => facts.selected(role)))
  return observed.workloads
    .filter(
      ({ revision, replicas, deleting }) => !deleting && replicas === 0 && !selected.has(revision),
    )
    .filter(({ revision }) => podsOf(stance, revision) === undefined)
    .toSorted((one, other) => other.createdAt - one.createdAt || one.name.localeCompare(other.name))
    .slice(observed.app.workloads.history ?? usualHistory)
    .map(({ kind, name, uid }) => ({
      kind: 'delete',
      ref: workloadRef(observed.app, { kind, name }),
      uid,
    }))
}

function waitingForPods(
  facts: Facts,
  role: RoleName,
  revision: string,
  replicas: number,
  ready: number,
): Waiting {
  const found = facts.workload(revision, role)
  if (found === undefined && templateOf(facts, revision) === undefined) {
    const message = `the workload of revision ${revision} is gone and its template with it; ask for it again or promote the candidate`
    return waitingFor('WaitingForPods', message)
  }
  const message = `${ready} of ${replicas} pods of revision ${revision} are ready`
  const object = found === undefined ? undefined : `${found.kind} ${found.name}`
  return waitingFor('WaitingForPods', message, object)
}
