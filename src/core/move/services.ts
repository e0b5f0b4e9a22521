/** Services: a role's Service points at a revision only when that revision has the pods its traffic needs. */

import type { Write } from '../decision.ts'
import { entry } from '../entry.ts'
import { type Facts, mayPoint } from '../facts.ts'
import { type RoleName, stable, type Weights, weightOf } from '../model/weights.ts'
import type { Observed, ServiceSeen } from '../observed.ts'
import { labels } from '../render/names.ts'
import { service, serviceRef } from '../render/service.ts'
import type { Stance } from '../strategies/strategy.ts'
import type { Instant } from '../time.ts'
import { type Part, type Waiting, waitingFor } from './waiting.ts'

export function moveServices(observed: Observed, facts: Facts, stance: Stance, now: Instant): Part {
  const writes: Write[] = []
  let waiting: Waiting | undefined
  for (const [role, revision] of Object.entries(stance.revisions)) {
    const name = facts.app.services[role]
    if (name === undefined) continue
    const seen = entry(observed.services, name)
    if (seen === undefined) {
      writes.push(...create(observed, facts, role, revision))
      waiting ??= waitingFor(
        'WaitingForEndpoints',
        `Service ${name} is being created`,
        `Service ${name}`,
      )
    } else if (seen.selector[labels.revision] !== revision) {
      if (mayPoint(facts, role, revision, now) && isWithin(facts, stance, role)) {
        writes.push(point(observed, seen, revision))
      }
      waiting ??= waitingFor(
        'WaitingForEndpoints',
        `Service ${name} does not select revision ${revision} yet`,
        `Service ${name}`,
      )
    }
  }
  return { writes, waiting }
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
  const ports = facts.router.ports(facts.app, observed.routes, facts.app.services[role] as string)
  if (ports.length === 0) return []
  return [{ kind: 'create', object: service(facts.app, role, revision, ports) }]
}

function point(observed: Observed, seen: ServiceSeen, revision: string): Write {
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: seen.resourceVersion },
    { op: 'add', path: '/spec/selector', value: { ...seen.selector, [labels.revision]: revision } },
  ] as const
  return { kind: 'patch', ref: serviceRef(observed.app, seen.name), patch }
}
