/** Nothing on trial: one revision serves everything. Also the way back, and the first install. */
import type { Facts } from '../facts.ts'
import { type App, routedRoles } from '../model/app.ts'
import type { Notebook } from '../model/notebook.ts'
import { stable } from '../model/weights.ts'
import type { Instant } from '../time.ts'
import type { PodsWanted, Stance } from './strategy.ts'

/** All roles on one revision, all traffic on stable. */
export function restStance(
  app: App,
  revision: string,
  { previous, seat = stable }: Pick<Notebook, 'previous' | 'seat'>,
  facts: Facts,
  now: Instant,
): Stance {
  const roles = routedRoles(app)
  return {
    revisions: Object.fromEntries([stable, ...roles].map((role) => [role, revision])),
    weights: Object.fromEntries([stable, ...roles].map((role) => [role, role === seat ? 100 : 0])),
    pods: [{ role: seat, revision, replicas: app.replicas }, ...wayBack(previous, facts, now)],
    matches: {},
    pooled: false,
    hurry: true,
  }
}

/** The pods of the revision before, as many as there are: they can serve again in one write. */
function wayBack(
  previous: Notebook['previous'],
  facts: Facts,
  now: Instant,
): readonly PodsWanted[] {
  if (previous === undefined || now >= previous.until) return []
  const seen = facts.workload(previous.revision)
  if (seen === undefined) return []
  return [
    { role: stable, revision: previous.revision, replicas: Math.min(seen.replicas, seen.ready) },
  ]
}
