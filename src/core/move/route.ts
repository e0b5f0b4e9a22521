/** The route: a role's weight rises only as far as the ready endpoints behind its Service can carry it. */
import type { Write } from '../decision.ts'
import { type Facts, isKnown, knownAt, listedReady, mayPoint } from '../facts.ts'
import {
  podsFor,
  type RoleName,
  sameWeights,
  stable,
  type Weights,
  weightCarried,
  weightOf,
} from '../model/weights.ts'
import type { Observed } from '../observed.ts'
import { formatWeights } from '../render/text.ts'
import { podsOf, type Stance, withRest } from '../strategies/strategy.ts'
import type { Instant } from '../time.ts'
import { moveCompanions } from './companions.ts'
import { moveMade, unknown } from './made.ts'
import { lateMatches, nextMatches } from './matches.ts'
import { type Part, type Waiting, waitingFor } from './waiting.ts'

export function moveRoute(observed: Observed, facts: Facts, stance: Stance, now: Instant): Part {
  const { reading, app, router } = facts
  const made = moveMade(observed, facts)
  const isMade = (object: string): boolean =>
    made.writes.some((write) => targetOf(write) === object)
  if (reading.kind === 'missing' && isMade(reading.object)) {
    const message = `${reading.object} is being made`
    const waiting = waitingFor('ShiftingTraffic', message, reading.object)
    return { writes: made.writes, held: [...made.held, { waiting }] }
  }
  if (reading.kind === 'missing') {
    const [kind = ''] = reading.object.split(' ')
    if (observed.absent?.includes(kind) === true)
      return { writes: made.writes, held: [unknown(facts, kind)] }
    const message = `${reading.object} does not exist in namespace ${app.namespace}; create it with backendRefs to ${Object.values(app.services).join(' and ')}`
    const waiting = waitingFor('RouteMissing', message, reading.object)
    return { writes: made.writes, held: [{ waiting }] }
  }
  if (reading.kind === 'unusable') {
    const waiting = waitingFor('RouteUnusable', reading.problem, reading.object)
    return { writes: made.writes, held: [{ waiting }] }
  }
  if (router.capabilities.by === 'pods') return { writes: [], held: byPods(facts, stance, now) }
  if (facts.imagined) return inMind(facts, reading.weights, stance, made, now)
  const wanted = idleFirst(facts, reading.weights, stance, now)
  const next = nextWeights(facts, reading.weights, wanted, now)
  const matches = nextMatches(facts, stance, next)
  const beside = moveCompanions(observed, facts)
  // What is repaired now is split in the next pass: a second write would meet another version of it.
  const split = router
    .render(app, observed.routes, { weights: next, matches })
    .filter((write) => !isMade(targetOf(write)))
  const writes = [...made.writes, ...split, ...beside.writes]
  const late = [...lateMatches(facts, stance, matches), ...beside.held, ...made.held]
  if (
    !reading.uniform ||
    !isPlaced(facts, stance) ||
    !sameWeights(reading.weights, stance.weights)
  ) {
    return { writes, held: [...unreached(facts, reading.weights, stance, next, now), ...late] }
  }
  return { writes, held: [...late, ...unsettled(facts, now)] }
}

function targetOf(write: Write): string {
  const { kind, name } =
    write.kind === 'create'
      ? { kind: write.object.kind, name: write.object.metadata.name }
      : write.ref
  return `${kind} ${name}`
}

/** Without a route the weights are where they should be as soon as pods could carry them. */
function inMind(facts: Facts, current: Weights, stance: Stance, made: Part, now: Instant): Part {
  // Where pods change hands, what is kept in mind holds nobody up.
  const next =
    stance.handover === undefined ? nextWeights(facts, current, stance, now) : stance.weights
  const imagined = next ?? current
  const reached = sameWeights(current, stance.weights)
  const short = Object.keys(stance.weights).filter(
    (role) => weightOf(stance.weights, role) > 0 && !carries(facts, stance, role),
  )
  const held = (reached ? [] : short).map((role) => ({
    role,
    waiting: waitingForEndpoints(facts, stance, role),
  }))
  const message = `the release goes from ${formatWeights(current)} to ${formatWeights(stance.weights)} by its pods alone`
  const moving = { waiting: waitingFor('ShiftingTraffic', message) }
  return {
    writes: made.writes,
    held: [...made.held, ...held, ...(reached || held.length > 0 ? [] : [moving])],
    imagined,
  }
}

/** Where the number of pods splits the traffic, it is split once they are listed. */
function byPods(facts: Facts, stance: Stance, now: Instant): Part['held'] {
  const name = facts.app.services[stable]
  const late = stance.pods.filter(
    ({ revision, replicas }) =>
      (stance.pooled || stance.revisions[stable] === revision) &&
      listedReady(facts, stable, revision) < replicas,
  )
  const held = late.map(({ role, revision, replicas }) => {
    const message = `Service ${name} lists ${listedReady(facts, stable, revision)} of ${replicas} pods of revision ${revision}; their number is what splits the traffic`
    return { role, waiting: waitingFor('WaitingForEndpoints', message, `Service ${name}`) }
  })
  return [...held, ...unsettled(facts, now)]
}

/**
 * A candidate's Service that serves another revision, and cannot turn to the right one under its traffic, has to be idle
 * first: its share goes home. It happens when somebody else moved weights, or a crash lost what was begun.
 */
function idleFirst(facts: Facts, current: Weights, stance: Stance, now: Instant): Stance {
  const astray = Object.entries(stance.revisions).flatMap(([role, revision]) =>
    role !== stable &&
    weightOf(current, role) > 0 &&
    facts.selected(role) !== revision &&
    !mayPoint(facts, role, revision, now)
      ? [role]
      : [],
  )
  if (astray.length === 0) return stance
  const shares = candidatesIn(stance).map(
    (role) => [role, astray.includes(role) ? 0 : weightOf(stance.weights, role)] as const,
  )
  return { ...stance, weights: withRest(shares), hurry: true }
}

/** Whether just those roles have a place in the route that should have one. */
function isPlaced({ reading }: Facts, { weights }: Stance): boolean {
  if (reading.kind !== 'read') return false
  const wanted = Object.keys(weights)
  return (
    wanted.length === reading.roles.length && wanted.every((role) => reading.roles.includes(role))
  )
}

function candidatesIn({ weights }: Stance): readonly RoleName[] {
  return Object.keys(weights).filter((role) => role !== stable)
}

/** The weights to write now; undefined when nothing may move yet. A candidate that is short holds up nobody else. */
function nextWeights(
  facts: Facts,
  current: Weights,
  stance: Stance,
  now: Instant,
): Weights | undefined {
  // Where rules disagree, any share may be a rise for one of them.
  const uniform = facts.reading.kind === 'read' && facts.reading.uniform
  const short = Object.keys(stance.weights).filter(
    (role) =>
      weightOf(stance.weights, role) > (uniform ? weightOf(current, role) : 0) &&
      !mayRise(facts, stance, role, now),
  )
  if (short.length === 0) return stance.weights
  const waiting = short.filter((role) => role !== stable)
  if (waiting.length > 0 && !uniform) return undefined
  const shares = candidatesIn(stance).map(
    (role) =>
      [
        role,
        waiting.includes(role)
          ? Math.floor(weightOf(current, role))
          : weightOf(stance.weights, role),
      ] as const,
  )
  const moving = shares.some(
    ([role, weight]) => !waiting.includes(role) && weight !== weightOf(current, role),
  )
  if (!moving && !stance.hurry && isPlaced(facts, stance)) return undefined
  const next = { ...stance, weights: withRest(shares) }
  const rises = weightOf(next.weights, stable) > weightOf(current, stable)
  if (rises && !mayRise(facts, next, stable, now))
    return stance.hurry ? partial(facts, current, next) : undefined
  return sameWeights(next.weights, current) && isPlaced(facts, next) ? undefined : next.weights
}

/** On the way back nobody waits for the gateway to hear of endpoints: the pods that it knows are all there still. */
function mayRise(facts: Facts, stance: Stance, role: RoleName, now: Instant): boolean {
  return carries(facts, stance, role) && (stance.hurry || isKnown(facts, role, now))
}

function carries(facts: Facts, stance: Stance, role: RoleName): boolean {
  // No pods needed is no leave to send traffic to another revision.
  if (facts.selected(role) !== stance.revisions[role]) return false
  return endpointsOf(facts, stance, role) >= requiredPods(facts, stance, role)
}

/** Pods that the weight asked for needs: by rule, or as many as the plan itself asks for where that is fewer. */
function requiredPods(facts: Facts, stance: Stance, role: RoleName): number {
  const byRule = podsFor(facts.app.replicas, weightOf(stance.weights, role))
  // By role, two roles may run one revision, each on pods of its own.
  const own = facts.app.workloads.layout.by === 'role' ? role : undefined
  return Math.min(byRule, podsOf(stance, stance.revisions[role] ?? '', own) ?? byRule)
}

function endpointsOf(facts: Facts, stance: Stance, role: RoleName): number {
  const revision = stance.revisions[role]
  return revision === undefined || facts.selected(role) !== revision
    ? 0
    : facts.endpoints(role, revision)
}

/** On the way back: stable takes at once what its ready pods carry, the others share the rest as they did before. */
function partial(facts: Facts, current: Weights, stance: Stance): Weights | undefined {
  const before = weightOf(current, stable)
  const carried = weightCarried(facts.app.replicas, endpointsOf(facts, stance, stable))
  const taken = Math.min(weightOf(stance.weights, stable), Math.max(before, carried))
  if (taken <= before) return undefined
  const others = Object.keys(current).filter(
    (role) => role !== stable && weightOf(current, role) > 0,
  )
  // A route that sends nothing to anybody has no rest to share: it waits until stable carries all of it.
  if (others.length === 0) return undefined
  const total = others.reduce((sum, role) => sum + weightOf(current, role), 0)
  let rest = 100 - taken
  const next: Record<RoleName, number> = { [stable]: taken }
  for (const [index, role] of others.entries()) {
    const share = Math.floor(((100 - taken) * weightOf(current, role)) / total)
    next[role] = index === others.length - 1 ? rest : share
    rest -= share
  }
  return next
}

function unreached(
  facts: Facts,
  current: Weights,
  stance: Stance,
  next: Weights | undefined,
  now: Instant,
): Part['held'] {
  const short = Object.keys(stance.weights).filter(
    (role) => weightOf(stance.weights, role) > 0 && !carries(facts, stance, role),
  )
  const rises = (role: RoleName): boolean =>
    weightOf(stance.weights, role) > weightOf(current, role)
  const reached = next !== undefined && sameWeights(next, stance.weights)
  const first = reached ? [] : [...short.filter(rises), ...short.filter((role) => !rises(role))]
  const unheard = Object.keys(stance.weights).filter(
    (role) => rises(role) && !short.includes(role) && !mayRise(facts, stance, role, now),
  )
  const held = [
    ...first.map((role) => ({ role, waiting: waitingForEndpoints(facts, stance, role) })),
    ...unheard.map((role) => ({ role, waiting: waitingForGateway(facts, role) })),
  ]
  if (next === undefined && held.length > 0) return [...held, ...unsettled(facts, now)]
  const message = `weights go from ${formatWeights(current)} to ${formatWeights(next ?? stance.weights)}`
  return [...held, { waiting: waitingFor('ShiftingTraffic', message, facts.reading.object) }]
}

function waitingForEndpoints(facts: Facts, stance: Stance, role: RoleName): Waiting {
  const name = facts.app.services[role]
  if (name === undefined) {
    const some = `${endpointsOf(facts, stance, role)} of ${requiredPods(facts, stance, role)}`
    return waitingFor('WaitingForPods', `${role} has ${some} ready pods`)
  }
  const message = `Service ${name} has ${endpointsOf(facts, stance, role)} of the ${requiredPods(facts, stance, role)} ready endpoints that weight ${weightOf(stance.weights, role)} needs`
  return waitingFor('WaitingForEndpoints', message, `Service ${name}`)
}

function waitingForGateway(facts: Facts, role: RoleName): Waiting {
  const object = `Service ${facts.app.services[role]}`
  const message = `${object} lists other pods than before; the gateway is given time to hear of them`
  return waitingFor('Settling', message, object, knownAt(facts, role))
}

/** Nobody goes on before the gateway has followed. */
function unsettled({ reading, settledAt }: Facts, now: Instant): Part['held'] {
  if (reading.kind !== 'read') return []
  const { acceptance } = reading
  if (acceptance.kind === 'refused')
    return [{ waiting: waitingFor('RouteRefused', acceptance.message, reading.object) }]
  if (acceptance.kind === 'waiting')
    return [{ waiting: waitingFor('ShiftingTraffic', acceptance.message, reading.object) }]
  if (settledAt === undefined || now >= settledAt) return []
  const message = `weights ${formatWeights(reading.weights)} are accepted; the gateway is given time to follow`
  return [{ waiting: waitingFor('Settling', message, reading.object, settledAt) }]
}
