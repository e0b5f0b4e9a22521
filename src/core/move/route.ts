/** The route: a role's weight rises only as far as the ready endpoints behind its Service can carry it. */
import { type Facts, mayPoint } from '../facts.ts'
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
import type { Stance } from '../strategies/strategy.ts'
import type { Instant } from '../time.ts'
import { type Part, waitingFor } from './waiting.ts'

export function moveRoute(observed: Observed, facts: Facts, stance: Stance, now: Instant): Part {
  const { reading, app, router } = facts
  if (reading.kind === 'missing') {
    const message = `${reading.object} does not exist in namespace ${app.namespace}; create it with backendRefs to ${Object.values(app.services).join(' and ')}`
    return { writes: [], waiting: waitingFor('RouteMissing', message, reading.object) }
  }
  if (reading.kind === 'unusable') {
    return { writes: [], waiting: waitingFor('RouteUnusable', reading.problem, reading.object) }
  }
  const next = nextWeights(facts, reading.weights, idleFirst(facts, reading.weights, stance, now))
  const writes = next === undefined ? [] : router.render(app, observed.routes, next)
  if (!reading.uniform || !sameWeights(reading.weights, stance.weights)) {
    return { writes, waiting: unreached(facts, reading.weights, stance, next) }
  }
  return { writes, waiting: unsettled(facts, now) }
}

/**
 * A candidate's Service that serves another revision, and cannot turn to the right one under its traffic, has to be idle
 * first: its share goes home. It happens when somebody else moved weights, or a crash lost what was begun.
 */
function idleFirst(facts: Facts, current: Weights, stance: Stance, now: Instant): Stance {
  const astray = Object.entries(stance.revisions).some(
    ([role, revision]) =>
      role !== stable &&
      weightOf(current, role) > 0 &&
      facts.selected(role) !== revision &&
      !mayPoint(facts, role, revision, now),
  )
  if (!astray) return stance
  const weights = Object.fromEntries(
    Object.keys(stance.weights).map((role) => [role, role === stable ? 100 : 0]),
  )
  return { ...stance, weights, hurry: true }
}

/** The weights to write now; undefined when nothing may move yet. */
function nextWeights(facts: Facts, current: Weights, stance: Stance): Weights | undefined {
  // Where rules disagree, any share may be a rise for one of them.
  const uniform = facts.reading.kind === 'read' && facts.reading.uniform
  const rising = Object.keys(stance.weights).filter(
    (role) => weightOf(stance.weights, role) > (uniform ? weightOf(current, role) : 0),
  )
  const short = rising.filter((role) => !carries(facts, stance, role))
  if (short.length === 0) return stance.weights
  return stance.hurry ? partial(facts, current, stance) : undefined
}

function carries(facts: Facts, stance: Stance, role: RoleName): boolean {
  // No pods needed is no leave to send traffic to another revision.
  if (facts.selected(role) !== stance.revisions[role]) return false
  return endpointsOf(facts, stance, role) >= requiredPods(facts, stance, role)
}

/** Pods that the weight asked for needs: by rule, or as many as the plan itself asks for where that is fewer. */
function requiredPods(facts: Facts, stance: Stance, role: RoleName): number {
  const byRule = podsFor(facts.app.replicas, weightOf(stance.weights, role))
  return Math.min(byRule, stance.replicas[stance.revisions[role] ?? ''] ?? byRule)
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
): Part['waiting'] {
  const { reading } = facts
  if (next !== undefined && sameWeights(next, stance.weights)) {
    const message = `weights go from ${formatWeights(current)} to ${formatWeights(next)}`
    return waitingFor('ShiftingTraffic', message, reading.object)
  }
  const short = Object.keys(stance.weights).filter(
    (one) => weightOf(stance.weights, one) > 0 && !carries(facts, stance, one),
  )
  const rises = (one: RoleName): boolean => weightOf(stance.weights, one) > weightOf(current, one)
  const role = (short.find(rises) ?? short[0]) as RoleName
  const name = facts.app.services[role]
  const message = `Service ${name} has ${endpointsOf(facts, stance, role)} of the ${requiredPods(facts, stance, role)} ready endpoints that weight ${weightOf(stance.weights, role)} needs`
  return waitingFor('WaitingForEndpoints', message, `Service ${name}`)
}

function unsettled({ reading, settledAt }: Facts, now: Instant): Part['waiting'] {
  if (reading.kind !== 'read') return undefined
  const { acceptance } = reading
  if (acceptance.kind === 'refused')
    return waitingFor('RouteRefused', acceptance.message, reading.object)
  if (acceptance.kind === 'waiting')
    return waitingFor('ShiftingTraffic', acceptance.message, reading.object)
  if (settledAt === undefined || now >= settledAt) return undefined
  const message = `weights ${formatWeights(reading.weights)} are accepted; the gateway is given time to follow`
  return waitingFor('Settling', message, reading.object, settledAt)
}
