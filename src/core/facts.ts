/** What follows from a snapshot without any policy: computed once a pass, read by all who judge. */

import { assert } from './assert.ts'
import { entry } from './entry.ts'
import type { Labels } from './k8s/meta.ts'
import type { PodTemplate } from './k8s/workloads.ts'
import { followTimes, listingsSince } from './listings.ts'
import type { App } from './model/app.ts'
import { emptyMemo, type Memo } from './model/notebook.ts'
import { podsFor, type RoleName, stable, type Weights, weightOf } from './model/weights.ts'
import type { MemberSeen, Observed, WorkloadSeen } from './observed.ts'
import { isShared, revisionIn, seatName, seatOf } from './render/names.ts'
import { bareTemplate, type Target, targetOf } from './revision.ts'
import type { Instant } from './time.ts'
import { imagined } from './traffic/none.ts'
import { routers } from './traffic/register.ts'
import type { PodsBehind, RouteReading, Router } from './traffic/router.ts'

export type Facts = {
  readonly app: App
  readonly router: Router
  /** Which revision the app's own template is. */
  readonly target: Target
  /** Which revision each candidate is asked to run, by its role. */
  readonly targets: Readonly<Record<RoleName, Target>>
  readonly reading: RouteReading
  /** Whether no route splits the traffic, so that weights are only kept in mind. */
  readonly imagined: boolean
  /** Weights as they stand in the route; undefined where there is none to read. */
  readonly weights: Weights | undefined
  /** Since when the route has been accepted as it stands now, as far as this process saw. */
  readonly accepted: Memo['accepted']
  /** When the gateway is expected to follow its own acceptance; undefined when it has not accepted. */
  readonly settledAt: Instant | undefined
  /** When it follows even at its slowest, so that what the route has left may go. */
  readonly drainedAt: Instant | undefined
  /** Whose pods each Service lists, and since when. */
  readonly listings: Memo['listings']
  /** How long whoever balances is expected to follow behind a change. */
  readonly settleMs: number
  /** How long that takes at worst. */
  readonly drainMs: number
  /** The candidate's role in which the stable revision lives still, if it has not come home. */
  readonly seatedAt: RoleName | undefined
  /** With workloads by role: what stands under a role's name, also if it is being deleted. */
  readonly seat: (role: RoleName) => WorkloadSeen | undefined
  /** Ready endpoints that a role's Service lists, whoever they belong to. */
  readonly listedAll: (role: RoleName) => number
  /** Ready pods that bear a role's labels and that its Service lists: endpoints follow labels a little later. */
  readonly wearing: (role: RoleName) => number
  /** Pods of the app, where they are looked at. */
  readonly members: readonly MemberSeen[]
  readonly remembered: Observed['remembered']
  /** A template without the labels that we put on it. */
  readonly bare: (template: PodTemplate) => PodTemplate
  /** The workload that runs a revision, for a role where workloads belong to roles. */
  readonly workload: (revision: string, role?: RoleName) => WorkloadSeen | undefined
  /** The revision that a role's Service selects now, if it selects one of ours. */
  readonly selected: (role: RoleName) => string | undefined
  /** Ready endpoints of a workload that a role's Service lists. */
  readonly listed: (role: RoleName, workload: string) => number
  /** Ready endpoints of a revision behind a role's Service, as far as its workload has them too. */
  readonly endpoints: (role: RoleName, revision: string) => number
}

export function factsOf(observed: Observed, now: Instant): Facts {
  const { app, services, endpoints } = observed
  const router = routers[app.traffic.router]
  assert(router !== undefined, `the door let only known routers through, not ${app.traffic.router}`)
  const found = router.read(app, observed.routes, podsBehind(observed))
  const alone = isAlone(app, router, found)
  const weightsInMind = observed.notebook?.imagined ?? { [stable]: 100 }
  const reading = alone ? imagined(app, weightsInMind) : found
  const accepted = acceptedSince(reading, observed.memo ?? emptyMemo, now)
  const times = followTimes(app, reading)
  const workload = workloadFinder(observed)
  const listed: Facts['listed'] = (role, name) =>
    entry(entry(endpoints, app.services[role]), name) ?? 0
  const target = targetOf(observed, app)
  const listedAll: Facts['listedAll'] = (role) => listedOf(observed, role)
  return {
    app,
    router,
    target,
    targets: Object.fromEntries(
      app.plan.candidates.map(({ role, own }) => [
        role,
        own === undefined ? target : targetOf(observed, own),
      ]),
    ),
    reading,
    imagined: alone,
    weights: reading.kind === 'read' && reading.uniform ? reading.weights : undefined,
    seatedAt: observed.notebook?.seat,
    seat: seatFinder(observed),
    listedAll,
    wearing: (role) => {
      const own = wearing(observed, role).filter(({ ready }) => ready)
      return Math.min(own.length, listedAll(role))
    },
    members: observed.members,
    remembered: observed.remembered,
    bare: (template) => bareTemplate(app, template),
    accepted,
    ...times,
    settledAt: accepted && accepted.at + times.settleMs,
    drainedAt: accepted && accepted.at + times.drainMs,
    listings: listingsSince(observed, now),
    workload,
    selected: (role) => selectedBy(observed, entry(services, app.services[role])?.selector, role),
    listed,
    endpoints: (role, revision) => {
      const seen = workload(revision, role)
      if (app.workloads.layout.by === 'role')
        return atSeat(observed, seen, role, revision, listedAll(role))
      // The two are seen at different times: the smaller one is sure.
      return seen === undefined ? 0 : Math.min(staying(seen), listed(role, seen.name))
    },
  }
}

/** Ready endpoints of a role's Service, whoever they belong to. */
function listedOf(observed: Observed, role: RoleName): number {
  const { app, endpoints } = observed
  const { layout } = app.workloads
  const service = app.services[role]
  // Without a Service nobody is listed: who is ready is all there is to know.
  if (service === undefined && layout.by === 'role')
    return wearing(observed, role).filter(({ ready }) => ready).length
  const counts = Object.entries(entry(endpoints, service) ?? {})
  // Behind a Service of several roles, its own are those of its workload.
  const name =
    layout.by === 'role' && isShared(app, role) ? entry(layout.roles, role)?.name : undefined
  return counts
    .filter(([workload]) => name === undefined || workload === name)
    .reduce((sum, [, count]) => sum + count, 0)
}

/** Whether nothing splits the traffic: there is to be no route, or it may be missing and is. */
function isAlone({ traffic }: App, { capabilities }: Router, found: RouteReading): boolean {
  return capabilities.by === 'nothing' || (traffic.optional === true && found.kind === 'missing')
}

/** Ready pods behind the stable Service, by the role whose revision they run. */
function podsBehind({ app, notebook, workloads, endpoints }: Observed): PodsBehind {
  const behind = entry(endpoints, app.services[stable])
  const count = (revision: string | undefined): number => {
    const seen = workloads.find((one) => one.revision === revision && !one.deleting)
    return seen === undefined ? 0 : (entry(behind, seen.name) ?? 0)
  }
  const trials = (notebook?.trials ?? []).map(
    ({ role, revision }) => [role, count(revision)] as const,
  )
  return Object.fromEntries([[stable, count(notebook?.stable)], ...trials])
}

/** Ready pods that nobody has told to go. */
function staying({ ready, replicas }: WorkloadSeen): number {
  return Math.min(ready, replicas)
}

/** Ready endpoints of a role whose pods may have come from another one, or have no workload for a while. */
function atSeat(
  observed: Observed,
  seen: WorkloadSeen | undefined,
  role: RoleName,
  revision: string,
  listed: number,
): number {
  if (seen !== undefined) return Math.min(staying(seen), listed)
  const own = wearing(observed, role).filter((member) => member.revision === revision)
  return Math.min(own.filter(({ ready }) => ready).length, listed)
}

function wearing({ app, members }: Observed, role: RoleName): readonly MemberSeen[] {
  const { layout } = app.workloads
  if (layout.by === 'revision') return []
  const wanted = Object.entries(seatOf(layout, role).labels)
  return members.filter(({ labels }) => wanted.every(([key, value]) => labels[key] === value))
}

/** The app's pods of a revision. */
export function membersOf({ members }: Facts, revision: string): readonly MemberSeen[] {
  return members.filter((member) => member.revision === revision)
}

function seatFinder({ app, notebook, workloads }: Observed): Facts['seat'] {
  const { layout } = app.workloads
  if (layout.by === 'revision') return () => undefined
  return (role) => {
    const seat = entry(layout.roles, role)
    if (seat === undefined) return undefined
    const own = workloads.filter(({ name, revision }) => name === seatName(seat, revision))
    const current = (notebook?.trials ?? []).find((trial) => trial.role === role)?.revision
    return (
      own.find(({ revision }) => revision === current) ?? own.find(({ pods }) => pods > 0) ?? own[0]
    )
  }
}

function workloadFinder({ app, workloads }: Observed): Facts['workload'] {
  const { layout } = app.workloads
  const living = workloads.filter(({ deleting }) => !deleting)
  return (revision, role) => {
    const named =
      layout.by === 'role' && role !== undefined
        ? seatName(seatOf(layout, role), revision)
        : undefined
    return living.find(
      (one) => one.revision === revision && (named === undefined || one.name === named),
    )
  }
}

function selectedBy(
  observed: Observed,
  selector: Labels | undefined,
  role: RoleName,
): string | undefined {
  const { app } = observed
  const { layout } = app.workloads
  if (selector === undefined && app.services[role] !== undefined) return undefined
  if (layout.by === 'revision')
    return selector === undefined ? undefined : revisionIn(layout.labels, selector)
  const found = seatFinder(observed)(role)
  const seat = found?.deleting === true ? undefined : found
  return seat?.revision ?? wearing(observed, role)[0]?.revision
}

function acceptedSince(reading: RouteReading, memo: Memo, now: Instant): Memo['accepted'] {
  if (reading.kind !== 'read' || reading.acceptance.kind !== 'accepted') return undefined
  const { token } = reading.acceptance
  return memo.accepted?.token === token ? memo.accepted : { token, at: now }
}

/** True once the route stands at one set of weights and the gateway has had time to follow. */
export function isSettled({ weights, settledAt }: Facts, now: Instant): boolean {
  return weights !== undefined && settledAt !== undefined && now >= settledAt
}

/** True once the gateway follows that, however slow it is: what the route has left is used by nobody any more. */
export function isDrained({ weights, drainedAt }: Facts, now: Instant): boolean {
  return weights !== undefined && drainedAt !== undefined && now >= drainedAt
}

/** When whoever balances is expected to know whom a role's Service lists. */
export function knownAt(facts: Facts, role: RoleName): Instant | undefined {
  const listing = listingOf(facts, role)
  return listing === undefined ? undefined : listing.at + facts.settleMs
}

/** Whose ready pods a role's Service lists. */
export function listedSets(facts: Facts, role: RoleName): readonly string[] {
  return listingOf(facts, role)?.token.split(' ') ?? []
}

function listingOf({ app, listings }: Facts, role: RoleName): Memo['listings'][number] | undefined {
  return listings.find(({ service }) => service === app.services[role])
}

/** When whoever balances is expected to know that of each Service. */
export function knownInstants({ listings, settleMs, drainMs }: Facts): readonly Instant[] {
  return listings.flatMap(({ at }) => [at + settleMs, at + drainMs])
}

/** True once whoever balances has had time to learn whom a role's Service lists. */
export function isKnown(facts: Facts, role: RoleName, now: Instant): boolean {
  const at = knownAt(facts, role)
  return at === undefined || now >= at
}

/** True once nobody sends requests any more to pods that a role's Service listed before. */
export function isForgotten(facts: Facts, role: RoleName, now: Instant): boolean {
  const listing = listingOf(facts, role)
  return listing === undefined || now >= listing.at + facts.drainMs
}

/** Whether the route sends requests to a role by what they carry. */
export function hasRules({ reading }: Facts, role: RoleName): boolean {
  return reading.kind === 'read' && entry(reading.matches, role) !== undefined
}

/** True when a role gets no traffic: neither weight nor rule, and the gateway follows that for certain. */
export function isQuiet(facts: Facts, role: RoleName, now: Instant): boolean {
  const idle = weightOf(facts.weights ?? {}, role) === 0 && !hasRules(facts, role)
  return idle && isDrained(facts, now)
}

/** Pods that the present weight of a role needs. Where no weights can be read, all of them. */
function podsNeeded(facts: Facts, role: RoleName): number {
  return podsFor(
    facts.app.replicas,
    facts.weights === undefined ? 100 : weightOf(facts.weights, role),
  )
}

/** Whether a role's Service may point at a revision now: that has the pods its traffic needs, or there is none. */
export function mayPoint(facts: Facts, role: RoleName, revision: string, now: Instant): boolean {
  // Whoever a rule picks stays with the revision that the rule was written for.
  if (hasRules(facts, role)) return false
  const ready = facts.workload(revision, role)?.ready ?? 0
  if (facts.app.replicas === 0) return true
  if (ready === 0) return false
  return isQuiet(facts, role, now) || ready >= podsNeeded(facts, role)
}

/** Ready pods of a revision that a role's Service lists, whatever else it lists. */
export function listedReady(facts: Facts, role: RoleName, revision: string): number {
  const seen = facts.workload(revision)
  return seen === undefined ? 0 : Math.min(seen.ready, facts.listed(role, seen.name))
}
