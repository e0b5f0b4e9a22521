/** S1: weights are whole, make 100, are among those the plan can mean; nothing else in a route is touched. */

import { canonicalJson } from '#core/hash.ts'
import { withoutShares } from '../routes.ts'
import type { Truth, Write } from '../truth.ts'
import { backends, changesSeats, named } from '../view.ts'
import { type Invariant, type Scene, shop } from './invariant.ts'

export const s1: Invariant = {
  id: 'S1',
  says: 'weights are whole, make 100 and are meant; fields of others in a route stay',
  write: (write, scene) => {
    if (!write.cause.ours || write.shelf !== 'routes') return undefined
    // The canary Ingress of ingress-nginx is made and taken away by whoever splits the traffic.
    const isTheirs = write.key === shop
    if (write.after === undefined) return isTheirs ? 'the route is deleted' : undefined
    if (write.before === undefined) return isTheirs ? 'a route is made' : undefined
    const [before, after] = [withoutShares(write.before), withoutShares(write.after)]
    if (isTheirs && canonicalJson(before) !== canonicalJson(after))
      return 'more than weights of a route changed'
    return badRule(write.is, scene) ?? unmeant(write, scene)
  },
}

function badRule(view: Truth, scene: Scene): string | undefined {
  const weights = backends(view, scene).map(({ weight }) => weight)
  return weights.some((weight) => weight < 0 || !Number.isInteger(weight))
    ? `weights ${weights.join('/')} are not whole or do not make 100`
    : undefined
}

/** On the way back any share may be what stable can carry by then; on the way forward only what the plan names. */
function unmeant(write: Write, scene: Scene): string | undefined {
  const views = [write.was, ...write.cause.told]
  const meant = new Set([0, 100, ...views.flatMap((view) => named(view, scene))])
  if (changesSeats(write.was, scene.setting)) return undefined
  const before = new Map(backends(write.was, scene).map(({ role, weight }) => [role, weight]))
  for (const { role, weight } of backends(write.is, scene)) {
    if (role === 'stable' || meant.has(weight) || weight <= (before.get(role) ?? 0)) continue
    return `${role} rises to ${weight}, which no step names`
  }
  return undefined
}
