/** Workloads: created and scaled up at once, scaled down only when nothing can reach their pods any more. */
import type { Write } from '../decision.ts'
import { type Facts, isSettledAt } from '../facts.ts'
import type { Observed, WorkloadSeen } from '../observed.ts'
import { replicaSet, workloadRef } from '../render/workload.ts'
import type { Stance } from '../strategies/strategy.ts'
import type { Instant } from '../time.ts'
import { type Part, type Waiting, waitingFor } from './waiting.ts'

/** Workloads without pods that are kept as history, newest first. */
const history = 5

export function moveWorkloads(
  observed: Observed,
  facts: Facts,
  stance: Stance,
  now: Instant,
): Part {
  const wanted = Object.entries(stance.replicas)
  const writes: Write[] = []
  let waiting: Waiting | undefined
  for (const [revision, replicas] of wanted) {
    const workload = facts.workload(revision)
    if (workload === undefined) writes.push(...create(facts, revision, replicas))
    else if (workload.replicas < replicas) writes.push(scale(observed, workload, replicas))
    const ready = Math.min(workload?.ready ?? 0, workload?.replicas ?? 0)
    if (ready < replicas) waiting ??= waitingForPods(facts, revision, replicas, ready)
  }
  for (const workload of observed.workloads) {
    const floor = floorOf(facts, stance, workload, now)
    if (!workload.deleting && floor < workload.replicas)
      writes.push(scale(observed, workload, floor))
  }
  writes.push(...forget(observed, facts, stance))
  return { writes, waiting }
}

// Only the template asked for now is known in full; any other revision lives in its workload alone.
function create(facts: Facts, revision: string, replicas: number): readonly Write[] {
  const { target, app } = facts
  if (target.kind === 'ask' || target.revision !== revision || replicas === 0) return []
  return [{ kind: 'create', object: replicaSet(app, revision, replicas) }]
}

function scale(observed: Observed, workload: WorkloadSeen, replicas: number): Write {
  const patch = [
    { op: 'test', path: '/metadata/uid', value: workload.uid },
    { op: 'test', path: '/spec/replicas', value: workload.replicas },
    { op: 'replace', path: '/spec/replicas', value: replicas },
  ] as const
  return { kind: 'patch', ref: workloadRef(observed.app, workload.name), patch }
}

/**
 * The fewest pods a workload may have now. It shrinks to what is wanted only once the traffic has settled where the
 * stance wants it and no Service that should leave these pods still points at them or lists them: endpoints follow a
 * selector a little later, and until then traffic still comes.
 */
function floorOf(facts: Facts, stance: Stance, workload: WorkloadSeen, now: Instant): number {
  const wanted = stance.replicas[workload.revision] ?? 0
  const left = Object.keys(facts.app.services).every(
    (role) =>
      stance.revisions[role] === workload.revision ||
      (facts.selected(role) !== workload.revision && facts.listed(role, workload.name) === 0),
  )
  return left && isSettledAt(facts, stance.weights, now)
    ? wanted
    : Math.max(wanted, workload.replicas)
}

function forget(observed: Observed, facts: Facts, stance: Stance): readonly Write[] {
  const selected = new Set(Object.keys(facts.app.services).map((role) => facts.selected(role)))
  return observed.workloads
    .filter(
      ({ revision, replicas, deleting }) => !deleting && replicas === 0 && !selected.has(revision),
    )
    .filter(({ revision }) => stance.replicas[revision] === undefined)
    .toSorted((one, other) => other.createdAt - one.createdAt || one.name.localeCompare(other.name))
    .slice(history)
    .map(({ name, uid }) => ({ kind: 'delete', ref: workloadRef(observed.app, name), uid }))
}

function waitingForPods(facts: Facts, revision: string, replicas: number, ready: number): Waiting {
  const name = facts.workload(revision)?.name
  if (name === undefined && (facts.target.kind === 'ask' || facts.target.revision !== revision)) {
    const message = `the workload of revision ${revision} is gone and its template with it; ask for it again or promote the candidate`
    return waitingFor('WaitingForPods', message)
  }
  const message = `${ready} of ${replicas} pods of revision ${revision} are ready`
  return waitingFor(
    'WaitingForPods',
    message,
    name === undefined ? undefined : `ReplicaSet ${name}`,
  )
}
