/** What follows from a snapshot without any policy: computed once a pass, read by all who judge. */

import { assert } from './assert.ts'
import { entry } from './entry.ts'
import type { Labels } from './k8s/meta.ts'
import type { App } from './model/app.ts'
import { emptyMemo, type Memo } from './model/notebook.ts'
import { podsFor, type RoleName, stable, type Weights, weightOf } from './model/weights.ts'
import type { Observed, WorkloadSeen } from './observed.ts'
import { revisionIn, seatOf } from './render/names.ts'
import { type Target, targetOf } from './revision.ts'
import type { Instant } from './time.ts'
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
  /** Weights as they stand in the route; undefined where there is none to read. */
  readonly weights: Weights | undefined
  /** Since when the route has been accepted as it stands now, as far as this process saw. */
  readonly accepted: Memo['accepted']
  /** When the gateway is expected to follow its own acceptance; undefined when it has not accepted. */
  readonly settledAt: Instant | undefined
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
  const reading = router.read(app, observed.routes, podsBehind(observed))
  const accepted = acceptedSince(reading, observed.memo ?? emptyMemo, now)
  const workload = workloadFinder(observed)
  const listed: Facts['listed'] = (role, name) =>
    entry(entry(endpoints, app.services[role]), name) ?? 0
  const target = targetOf(observed, app)
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
    weights: reading.kind === 'read' && reading.uniform ? reading.weights : undefined,
    accepted,
    settledAt: settledAt(app, reading, accepted),
    workload,
    selected: (role) => selectedBy(observed, entry(services, app.services[role])?.selector, role),
    listed,
    endpoints: (role, revision) => {
      const seen = workload(revision, role)
      // The two are seen at different times: the smaller one is sure.
      return seen === undefined ? 0 : Math.min(seen.ready, listed(role, seen.name))
    },
  }
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

function workloadFinder({ app, workloads }: Observed): Facts['workload'] {
  const { layout } = app.workloads
  const living = workloads.filter(({ deleting }) => !deleting)
  return (revision, role) => {
    const named = layout.by === 'role' && role !== undefined ? seatOf(layout, role).name : undefined
    return living.find(
      (one) => one.revision === revision && (named === undefined || one.name === named),
    )
  }
}

function selectedBy(
  { app, workloads }: Observed,
  selector: Labels | undefined,
  role: RoleName,
): string | undefined {
  const { layout } = app.workloads
  if (selector === undefined) return undefined
  if (layout.by === 'revision') return revisionIn(layout.labels, selector)
  const { name } = seatOf(layout, role)
  return workloads.find((one) => one.name === name && !one.deleting)?.revision
}

function acceptedSince(reading: RouteReading, memo: Memo, now: Instant): Memo['accepted'] {
  if (reading.kind !== 'read' || reading.acceptance.kind !== 'accepted') return undefined
  const { token } = reading.acceptance
  return memo.accepted?.token === token ? memo.accepted : { token, at: now }
}

function settledAt(
  app: App,
  reading: RouteReading,
  accepted: Memo['accepted'],
): Instant | undefined {
  if (accepted === undefined || reading.kind !== 'read' || reading.acceptance.kind !== 'accepted')
    return undefined
  return accepted.at + (app.traffic.settleMs ?? reading.acceptance.settleMs)
}

/** True once the route stands at one set of weights and the gateway has had time to follow. */
export function isSettled({ weights, settledAt }: Facts, now: Instant): boolean {
  return weights !== undefined && settledAt !== undefined && now >= settledAt
}

/** True when a role gets no traffic: its weight is zero and the gateway has had time to follow. */
export function isQuiet(facts: Facts, role: RoleName, now: Instant): boolean {
  return weightOf(facts.weights ?? {}, role) === 0 && isSettled(facts, now)
}

/** Pods that the present weight of a role needs. Where no weights can be read, all of them. */
export function podsNeeded(facts: Facts, role: RoleName): number {
  return podsFor(
    facts.app.replicas,
    facts.weights === undefined ? 100 : weightOf(facts.weights, role),
  )
}

/** Whether a role's Service may point at a revision now: that has the pods its traffic needs, or there is none. */
export function mayPoint(facts: Facts, role: RoleName, revision: string, now: Instant): boolean {
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
