/** Services: a role's Service points at a revision only when that revision has the pods its traffic needs. */

import type { Write } from '../decision.ts'
import { entry } from '../entry.ts'
import { type Facts, mayPoint } from '../facts.ts'
import { type RoleName, stable, weightOf } from '../model/weights.ts'
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

// Somebody else may have given a candidate's Service more weight than the candidate may have: the weight goes first.
function isWithin({ reading }: Facts, stance: Stance, role: RoleName): boolean {
  if (stance.revisions[role] === stance.revisions[stable]) return true
  const current = reading.kind === 'read' ? weightOf(reading.weights, role) : 0
  return current <= weightOf(stance.weights, role)
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
