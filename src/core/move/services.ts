/** Services: a role's Service points at a revision only when that revision has the pods its traffic needs. */

import type { Write } from '../decision.ts'
import { entry } from '../entry.ts'
import { type Facts, isDrained, mayPoint } from '../facts.ts'
import { candidateOf } from '../model/app.ts'
import { type RoleName, stable, type Weights, weightOf } from '../model/weights.ts'
import type { Observed, ServiceSeen } from '../observed.ts'
import { isShared, tellingKeys, tellingLabels } from '../render/names.ts'
import { service, serviceRef } from '../render/service.ts'
import type { Stance } from '../strategies/strategy.ts'
import type { Instant } from '../time.ts'
import { noRouter } from '../traffic/none.ts'
import { movePorts } from './ports.ts'
import { type Held, type Part, waitingFor } from './waiting.ts'

export function moveServices(observed: Observed, facts: Facts, stance: Stance, now: Instant): Part {
  const writes: Write[] = []
  const held: Held[] = []
  for (const [role, revision] of Object.entries(stance.revisions)) {
    const name = facts.app.services[role]
    if (name === undefined || (role !== stable && isShared(facts.app, role))) continue
    const seen = entry(observed.services, name)
    const wait = (what: string): void => {
      const waiting = waitingFor(
        'WaitingForEndpoints',
        `Service ${name} ${what}`,
        `Service ${name}`,
      )
      held.push({ role, waiting })
    }
    if (seen === undefined) {
      // A route that somebody else gave too much would send it to the trial in the moment it is there.
      if (isWithin(facts, stance, role)) writes.push(...create(observed, facts, role, revision))
      wait('is being created')
      continue
    }
    writes.push(...movePorts(observed, facts, seen, now))
    if (role === stable && stance.pooled) {
      if (facts.selected(role) !== undefined) {
        writes.push(openToAll(observed, seen))
        wait('does not select the pods of all revisions yet')
      }
    } else if (facts.app.workloads.layout.by === 'revision' && facts.selected(role) !== revision) {
      // Where pods are the share, a candidate's own Service gives it none.
      const within = stance.pooled || isWithin(facts, stance, role)
      if (mayPoint(facts, role, revision, now) && within) {
        writes.push(point(observed, seen, role, revision))
      }
      wait(`does not select revision ${revision} yet`)
    }
  }
  const left = leave(observed, facts, stance, now)
  return { writes: [...writes, ...left.writes], held: [...held, ...left.held] }
}

/**
 * Services of candidates that are in the plan no more: ours go once the route has no place for them, those of others
 * select the stable revision again, so that nothing keeps the pods that are to go.
 */
function leave(observed: Observed, facts: Facts, stance: Stance, now: Instant): Part {
  const { app, reading } = facts
  const named = reading.kind === 'read' ? reading.roles : Object.keys(app.services)
  // Without a route nobody has a place but by his weight.
  const placed = facts.imagined
    ? named.filter((role) => weightOf(facts.weights ?? {}, role) > 0)
    : named
  // One that is being promoted all the same has its place until it is.
  const leaving = Object.keys(app.services).filter(
    (role) =>
      role !== stable &&
      candidateOf(app, role) === undefined &&
      stance.weights[role] === undefined &&
      !isShared(app, role),
  )
  const parts = leaving.flatMap((role) => {
    const seen = entry(observed.services, app.services[role])
    if (seen === undefined) return []
    if (!seen.ours) return [comeHome(observed, facts, stance, { role, seen, now })]
    const mayGo = !placed.includes(role) && isDrained(facts, now)
    const message = `Service ${seen.name} of ${role}, which left, goes once gateways have forgotten it`
    const waiting = waitingFor('Draining', message, `Service ${seen.name}`)
    const gone = { kind: 'delete', ref: serviceRef(app, seen.name), uid: seen.uid } as const
    return [{ writes: mayGo ? [gone] : [], held: [{ role, waiting }] }]
  })
  return {
    writes: parts.flatMap(({ writes }) => writes),
    held: parts.flatMap(({ held }) => held),
  }
}

/** By role, whoever left has no pods that his Service could select. */
function comeHome(
  observed: Observed,
  facts: Facts,
  stance: Stance,
  {
    role,
    seen,
    now,
  }: { readonly role: RoleName; readonly seen: ServiceSeen; readonly now: Instant },
): Part {
  const home = stance.revisions[stable]
  const selected = facts.selected(role)
  const isAway = selected !== undefined && selected !== home
  if (observed.app.workloads.layout.by !== 'revision' || home === undefined || !isAway)
    return { writes: [], held: [] }
  const message = `Service ${seen.name} of ${role}, which left, does not select revision ${home} yet`
  const waiting = waitingFor('WaitingForEndpoints', message, `Service ${seen.name}`)
  const writes = mayPoint(facts, role, home, now) ? [point(observed, seen, role, home)] : []
  return { writes, held: [{ role, waiting }] }
}

/**
 * Whether a revision on trial would have no more traffic than the stance gives it. Somebody else may have moved weights
 * or selectors: what is too much goes first.
 */
function isWithin(facts: Facts, stance: Stance, role: RoleName): boolean {
  const revision = stance.revisions[role]
  if (revision === stance.revisions[stable]) return true
  const current = facts.reading.kind === 'read' ? facts.reading.weights : {}
  const roles = Object.keys(facts.app.services)
  const exposed = roles.filter((one) => one === role || facts.selected(one) === revision)
  const declared = roles.filter((one) => stance.revisions[one] === revision)
  return sumOf(current, exposed) <= sumOf(stance.weights, declared)
}

function sumOf(weights: Weights, roles: readonly RoleName[]): number {
  return roles.reduce((sum, role) => sum + weightOf(weights, role), 0)
}

// A Service that was not there had nothing to lose: it may come up before its pods do.
function create(
  observed: Observed,
  facts: Facts,
  role: RoleName,
  revision: string,
): readonly Write[] {
  // A route that is not there names no ports.
  const router = facts.imagined ? noRouter : facts.router
  const ports = router.ports(facts.app, observed.routes, facts.app.services[role] as string)
  if (ports.length === 0 && facts.app.made?.service?.ports === undefined) return []
  return [{ kind: 'create', object: service(facts.app, role, revision, ports) }]
}

/** The Service without what tells revisions apart. */
function openToAll({ app }: Observed, seen: ServiceSeen): Write {
  const telling = new Set(tellingKeys(app))
  const selector = Object.entries(seen.selector).filter(([key]) => !telling.has(key))
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: seen.resourceVersion },
    { op: 'add', path: '/spec/selector', value: Object.fromEntries(selector) },
  ] as const
  return { kind: 'patch', ref: serviceRef(app, seen.name), patch }
}

function point(observed: Observed, seen: ServiceSeen, role: RoleName, revision: string): Write {
  const selector = { ...seen.selector, ...tellingLabels(observed.app, role, revision) }
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: seen.resourceVersion },
    { op: 'add', path: '/spec/selector', value: selector },
  ] as const
  return { kind: 'patch', ref: serviceRef(observed.app, seen.name), patch }
}
