/** What follows from a snapshot without any policy: computed once a pass, read by all who judge. */

import { assert } from './assert.ts'
import { entry } from './entry.ts'
import type { App } from './model/app.ts'
import { emptyMemo, type Memo } from './model/notebook.ts'
import { podsFor, type RoleName, sameWeights, type Weights, weightOf } from './model/weights.ts'
import type { Observed, WorkloadSeen } from './observed.ts'
import { labels } from './render/names.ts'
import { type Target, targetOf } from './revision.ts'
import type { Instant } from './time.ts'
import { routers } from './traffic/register.ts'
import type { RouteReading, Router } from './traffic/router.ts'

export type Facts = {
  readonly app: App
  readonly router: Router
  readonly target: Target
  readonly reading: RouteReading
  /** Weights as they stand in the route; undefined where there is none to read. */
  readonly weights: Weights | undefined
  /** Since when the route has been accepted as it stands now, as far as this process saw. */
  readonly accepted: Memo['accepted']
  /** When the gateway is expected to follow its own acceptance; undefined when it has not accepted. */
  readonly settledAt: Instant | undefined
  readonly workload: (revision: string) => WorkloadSeen | undefined
  /** The revision that a role's Service selects now, if it selects one of ours. */
  readonly selected: (role: RoleName) => string | undefined
  /** Ready endpoints of a workload that a role's Service lists. */
  readonly listed: (role: RoleName, workload: string) => number
  /** Ready endpoints of a revision behind a role's Service, as far as its workload has them too. */
  readonly endpoints: (role: RoleName, revision: string) => number
}

export function factsOf(observed: Observed, now: Instant): Facts {
  const { app, services, workloads, endpoints } = observed
  const router = routers[app.traffic.router]
  assert(router !== undefined, `the door let only known routers through, not ${app.traffic.router}`)
  const reading = router.read(app, observed.routes)
  const accepted = acceptedSince(reading, observed.memo ?? emptyMemo, now)
  const workload = (revision: string): WorkloadSeen | undefined =>
    workloads.find((one) => one.revision === revision && !one.deleting)
  const listed: Facts['listed'] = (role, name) =>
    entry(entry(endpoints, app.services[role]), name) ?? 0
  return {
    app,
    router,
    target: targetOf(observed),
    reading,
    weights: reading.kind === 'read' && reading.uniform ? reading.weights : undefined,
    accepted,
    settledAt: settledAt(app, reading, accepted),
    workload,
    selected: (role) => entry(services, app.services[role])?.selector[labels.revision],
    listed,
    endpoints: (role, revision) => {
      const seen = workload(revision)
      // The two are seen at different times: the smaller one is sure.
      return seen === undefined ? 0 : Math.min(seen.ready, listed(role, seen.name))
    },
  }
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

/** True once the route stands at these weights and the gateway has had time to follow. */
export function isSettledAt(facts: Facts, weights: Weights, now: Instant): boolean {
  return (
    facts.weights !== undefined &&
    sameWeights(facts.weights, weights) &&
    facts.settledAt !== undefined &&
    now >= facts.settledAt
  )
}

/** True when a role gets no traffic: its weight is zero and the gateway has had time to follow. */
export function isQuiet(facts: Facts, role: RoleName, now: Instant): boolean {
  return (
    facts.weights !== undefined &&
    weightOf(facts.weights, role) === 0 &&
    facts.settledAt !== undefined &&
    now >= facts.settledAt
  )
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
  const ready = facts.workload(revision)?.ready ?? 0
  if (facts.app.replicas === 0) return true
  if (ready === 0) return false
  return isQuiet(facts, role, now) || ready >= podsNeeded(facts, role)
}
