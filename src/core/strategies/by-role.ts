/**
 * Promotion where workloads belong to roles under fixed names: what has been judged must come to live in the stable role.
 *
 * By replace, a Deployment's pods are exchanged in place, new ones first: while the candidate carries everything, or, where
 * the plan keeps the candidate too small for that, while traffic stays where it is. A ReplicaSet cannot do that: the
 * candidate carries everything while the stable one, idle, is emptied and filled again.
 *
 * By handover no pod is started twice (product page, "Topologies"): the candidate carries everything, one batch more than
 * it needs; its ReplicaSet goes without its pods; batch by batch they are given to the stable role, and the weight
 * follows their endpoints; at last the stable ReplicaSet comes and adopts them. Every part follows from what is seen.
 */
import { type Facts, isQuiet, isSettled, listedSets, membersOf } from '../facts.ts'
import { type App, stepsOf } from '../model/app.ts'
import type { Trial } from '../model/notebook.ts'
import { podsFor, type RoleName, stable, weightCarried, weightOf } from '../model/weights.ts'
import type { MemberSeen } from '../observed.ts'
import type { Instant } from '../time.ts'
import type { Stance } from './strategy.ts'

/** Pods that are given over at a time: a quarter, at least one. */
function batchOf(replicas: number): number {
  return Math.max(1, Math.ceil(replicas / 4))
}

/**
 * Pods more than an app needs while they change hands: a batch, and one more where whole per cent do not fit its number
 * of pods, so that both sides may round up.
 */
function surgeOf(replicas: number): number {
  return batchOf(replicas) + roundingOf(replicas)
}

function roundingOf(replicas: number): number {
  return 100 % Math.max(1, replicas) === 0 ? 0 : 1
}

/** Whether stable still lives where it did, so that there is a way back. */
export function hasWayBack({ app, seat }: Facts, stableRevision: string | undefined): boolean {
  if (app.workloads.layout.by === 'revision') return true
  return seat(stable)?.revision === stableRevision
}

export function promotionByRole(
  app: App,
  stance: Stance,
  trial: Trial,
  facts: Facts,
  now: Instant,
): Stance {
  if (app.plan.promotion.late && !isHomecoming(facts, trial)) return carried(app, stance, trial)
  const { layout } = app.workloads
  // Of no pods there is nothing to hand over.
  if (layout.by === 'role' && layout.promotion === 'handover' && app.replicas > 0)
    return handedOver(app, stance, trial, facts, now)
  return app.workloads.kind === 'Deployment'
    ? exchanged(app, stance, trial, facts, now)
    : refilled(app, stance, trial, facts, now)
}

/** A revision that is stable already and only comes home to the stable role. */
export function isHomecoming({ seatedAt }: Facts, { role }: Trial): boolean {
  return seatedAt === role
}

/** The candidate carries everything; stable's pods stay until traffic has left them. */
function carried(app: App, stance: Stance, { role, revision }: Trial, more = 0): Stance {
  const rest = weightOf(stance.weights, stable)
  return {
    ...stance,
    revisions: { ...stance.revisions, [role]: revision },
    weights: { ...stance.weights, [stable]: 0, [role]: rest },
    pods: [...stance.pods, { role, revision, replicas: app.replicas + more }],
  }
}

function exchanged(app: App, stance: Stance, trial: Trial, facts: Facts, now: Instant): Stance {
  const { role, revision } = trial
  const begun = facts.seat(stable)?.revision === revision
  // Pods that are exchanged under traffic end while gateways still send to them.
  if (!begun && mayCarryAll(facts, role) && !isQuiet(facts, stable, now))
    return carried(app, stance, trial)
  const done = begun && rolledOut(facts, app, revision) && !isExchanging(facts)
  const weight = done ? 0 : weightOf(facts.weights ?? {}, role)
  const needed = declaredPods(app, role) ?? podsFor(app.replicas, weight)
  const pods = Math.max(needed, facts.seat(role)?.replicas ?? 0)
  const own = { role, revision, replicas: pods }
  // Once stable's template is exchanged there is no way back: whoever promotes at once waits for the pods on trial too.
  if (!begun && (facts.seat(role)?.ready ?? 0) < pods)
    return {
      ...stance,
      revisions: { ...stance.revisions, [role]: revision },
      pods: [...stance.pods, own],
    }
  return {
    ...stance,
    revisions: { ...stance.revisions, [stable]: revision, [role]: revision },
    weights: {
      ...stance.weights,
      [stable]: weightOf(stance.weights, stable) - weight,
      [role]: weight,
    },
    pods: [
      { role: stable, revision, replicas: app.replicas },
      ...stance.pods.filter((one) => one.role !== stable),
      ...(done ? [] : [own]),
    ],
    inPlace: true,
  }
}

/** Whether the candidate can be given all pods: neither its plan nor a split keeps it small, and a route sends to it. */
function mayCarryAll({ app, imagined }: Facts, role: RoleName): boolean {
  const declared = declaredPods(app, role) ?? app.replicas
  return !imagined && app.plan.split !== true && app.replicas > 0 && declared >= app.replicas
}

/** Whether stable's Service lists pods of more than one template of its workload. */
function isExchanging(facts: Facts): boolean {
  const name = facts.seat(stable)?.name
  return listedSets(facts, stable).filter((set) => set.startsWith(`${name}-`)).length > 1
}

/** Pods that the plan itself gives a candidate, whatever its weight: those that were judged carry on. */
function declaredPods(app: App, role: RoleName): number | undefined {
  const last = stepsOf(app, role).findLast(({ kind }) => kind === 'weight')
  return last?.kind === 'weight' ? last.replicas : undefined
}

function rolledOut(facts: Facts, app: App, revision: string): boolean {
  return facts.endpoints(stable, revision) >= app.replicas
}

function refilled(app: App, stance: Stance, trial: Trial, facts: Facts, now: Instant): Stance {
  const { revision } = trial
  const filled = facts.seat(stable)?.revision === revision && rolledOut(facts, app, revision)
  const away = carried(app, stance, trial)
  const idle = isQuiet(facts, stable, now) || facts.seat(stable)?.revision === revision
  const home = [
    ...away.pods.filter((one) => one.role !== stable),
    { role: stable, revision, replicas: app.replicas },
  ]
  if (!filled && !idle) return away
  return {
    ...away,
    revisions: { ...away.revisions, [stable]: revision },
    weights: filled ? stance.weights : away.weights,
    pods: home,
  }
}

function handedOver(app: App, stance: Stance, trial: Trial, facts: Facts, now: Instant): Stance {
  const { role, revision } = trial
  const home = facts.seat(stable)
  if (home !== undefined && home.revision === revision) return atHome(app, stance, trial)
  if (facts.imagined) return handedOverAlone(app, stance, trial, facts)
  const members = membersOf(facts, revision)
  const moved = home === undefined ? facts.listedAll(stable) : 0
  if (home === undefined && moved > 0) return onTheWay(stance, trial, facts, now, members)
  if (home === undefined && facts.seat(role) === undefined && members.length > 0)
    return onTheWay(stance, trial, facts, now, members)
  const away = carried(app, stance, trial, surgeOf(app.replicas))
  const empty = home === undefined || isQuiet(facts, stable, now)
  // Its name is needed; with the traffic gone, so may its pods.
  const pods = empty ? away.pods.filter((one) => one.role !== stable) : away.pods
  return { ...away, pods, handover: { role, revision, part: empty ? 'orphan' : 'carry' } }
}

/**
 * Without a route nobody can be sent to the candidate meanwhile: the old pods go on serving behind stable's Service,
 * without their workload, until enough of the new ones have joined them there.
 */
function handedOverAlone(app: App, stance: Stance, trial: Trial, facts: Facts): Stance {
  const { role, revision } = trial
  const replicas = app.replicas + surgeOf(app.replicas)
  const mine = { role, revision, replicas }
  const others = stance.pods.filter((one) => one.role !== stable && one.role !== role)
  const placed: Stance = { ...stance, revisions: { ...stance.revisions, [role]: revision } }
  if (facts.seat(stable) !== undefined) {
    const part = facts.wearing(role) >= replicas ? 'release' : 'carry'
    return { ...placed, pods: [...stance.pods, mine], handover: { role, revision, part } }
  }
  const pods = [...others, mine]
  if (facts.seat(role) !== undefined)
    return { ...placed, pods, handover: { role, revision, part: 'orphan' } }
  const own = membersOf(facts, revision).filter(({ ready }) => ready).length
  // Pods that die on the way have nobody who replaces them: the candidate's ReplicaSet comes back for it.
  if (own < app.replicas) return { ...placed, pods, handover: { role, revision, part: 'refill' } }
  const part = { role, revision, part: 'relabel', pods: batchOf(app.replicas) } as const
  return { ...placed, pods: others, handover: part }
}

/** The pods change hands; weight follows them from the candidate's Service to stable's. */
function onTheWay(
  stance: Stance,
  { role, revision }: Trial,
  facts: Facts,
  now: Instant,
  members: readonly MemberSeen[],
): Stance {
  const { app } = facts
  const total = weightOf(stance.weights, stable)
  // A pod that has gone over is listed at its old place for a while, and must not be counted there.
  const [own, theirs] = [facts.wearing(stable), facts.wearing(role)]
  const weight = Math.min(total, weightCarried(app.replicas, own))
  const current = weightOf(facts.weights ?? {}, role)
  const placed: Stance = {
    ...stance,
    revisions: { [stable]: revision, [role]: revision },
    weights: { ...stance.weights, [stable]: weight, [role]: total - weight },
    pods: [{ role, revision, replicas: theirs }],
  }
  const ready = members.filter((member) => member.ready).length
  // Pods that die on the way have nobody who replaces them: the candidate's ReplicaSet comes back for it.
  const lost = ready <= app.replicas + roundingOf(app.replicas) && own < app.replicas
  if (facts.seat(role) !== undefined || lost) {
    const replicas = app.replicas + surgeOf(app.replicas) - own
    const part = facts.seat(role) === undefined ? 'refill' : 'orphan'
    return { ...placed, pods: [{ role, revision, replicas }], handover: { role, revision, part } }
  }
  const spare = theirs - podsFor(app.replicas, Math.max(current, total - weight))
  const pods = isSettled(facts, now) ? Math.max(0, spare) : 0
  return { ...placed, handover: { role, revision, part: 'relabel', pods } }
}

function atHome(app: App, stance: Stance, { role, revision }: Trial): Stance {
  return {
    ...stance,
    revisions: { ...stance.revisions, [stable]: revision },
    pods: [
      { role: stable, revision, replicas: app.replicas },
      ...stance.pods.filter((one) => one.role !== stable && one.role !== role),
    ],
  }
}

/** True when the stable role runs the revision and has its traffic, given that the stance is reached. */
export function isAtHome(app: App, trial: Trial, facts: Facts): boolean {
  const { role, revision } = trial
  if (app.plan.promotion.late && !isHomecoming(facts, trial))
    return weightOf(facts.weights ?? {}, stable) === 0 && weightOf(facts.weights ?? {}, role) > 0
  return (
    facts.seat(stable)?.revision === revision &&
    facts.endpoints(stable, revision) >= app.replicas &&
    weightOf(facts.weights ?? {}, role) === 0
  )
}
