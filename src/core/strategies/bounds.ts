/**
 * A split within bounds: while stable gives up pods to a candidate, there are never more in all than the surge allows, and
 * never fewer that serve than may be unavailable. The weight follows the pods; each turn begins where the last one ended.
 */
import type { Facts } from '../facts.ts'
import type { App } from '../model/app.ts'
import { limitsOf } from '../model/share.ts'
import { type RoleName, stable, weightCarried, weightOf } from '../model/weights.ts'
import { podsOf, type Stance, withRest } from './strategy.ts'

/** How far the split may go now towards a stance with one candidate. On the way back nobody waits. */
export function withinBounds(app: App, stance: Stance, facts: Facts, role: RoleName): Stance {
  const { bounds, split } = app.plan
  const [own, revision] = [stance.revisions[stable], stance.revisions[role]]
  if (bounds === undefined || split !== true || stance.hurry) return stance
  if (own === undefined || revision === undefined) return stance
  const { surge, unavailable } = limitsOf(bounds, app.replicas)
  const wanted = podsOf(stance, revision, role) ?? 0
  const has = facts.workload(revision, role)?.replicas ?? 0
  const stay = facts.workload(own, stable)?.replicas ?? 0
  const pods = Math.min(wanted, Math.max(has, app.replicas + surge - stay))
  const serving = Math.min(pods, facts.endpoints(role, revision))
  const asked = weightOf(stance.weights, role)
  // With fewer pods for everybody, each of them carries more.
  const carried = weightCarried(app.replicas - unavailable, serving)
  const weight = pods < wanted ? Math.min(asked, carried) : asked
  const target = podsOf(stance, own, stable) ?? app.replicas
  const left = Math.max(target, app.replicas - unavailable - serving)
  const others = Object.keys(stance.weights)
    .filter((one) => one !== stable)
    .map((one) => [one, one === role ? weight : weightOf(stance.weights, one)] as const)
  return {
    ...stance,
    weights: withRest(others),
    pods: stance.pods.map((one) => {
      if (one.role === stable && one.revision === own) return { ...one, replicas: left }
      return one.role === role && one.revision === revision ? { ...one, replicas: pods } : one
    }),
    ...(pods < wanted || left > target
      ? {
          bounded: `${role} has ${pods} of ${wanted} pods, stable ${left} where ${target} are to stay: no more may come and go at a time`,
        }
      : {}),
  }
}
