/** S1: weights are whole, make 100, are among those the plan can mean; nothing else in a route is touched. */

import { canonicalJson } from '#core/hash.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import type { Write } from '../truth.ts'
import type { Invariant, Scene } from './invariant.ts'

export const s1: Invariant = {
  id: 'S1',
  says: 'weights are whole, make 100 and are meant; fields of others in a route stay',
  write: (write, scene) => {
    if (!write.cause.ours || write.shelf !== 'routes') return undefined
    if (write.after === undefined) return 'the route is deleted'
    if (write.before === undefined) return undefined
    const [before, after] = [write.before as HttpRoute, write.after as HttpRoute]
    if (canonicalJson(withoutWeights(before)) !== canonicalJson(withoutWeights(after)))
      return 'more than weights of a route changed'
    return badRule(after) ?? unmeant(write, scene)
  },
}

function withoutWeights({ spec, metadata }: HttpRoute): object {
  const rules = (spec.rules ?? []).map(({ backendRefs = [], ...rest }) => ({
    ...rest,
    backendRefs: backendRefs.map(({ weight: _weight, ...ref }) => ref),
  }))
  const { labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = metadata
  return { ...spec, rules, labels, annotations, finalizers, ownerReferences }
}

function badRule({ spec }: HttpRoute): string | undefined {
  for (const { backendRefs = [] } of spec.rules ?? []) {
    const weights = backendRefs.map(({ weight = 1 }) => weight)
    const sum = weights.reduce((total, weight) => total + weight, 0)
    if (sum !== 100 || weights.some((weight) => weight < 0 || !Number.isInteger(weight)))
      return `weights ${weights.join('/')} do not make 100`
  }
  return undefined
}

/** On the way back any share may be what stable can carry by then; on the way forward only what the plan names. */
function unmeant(write: Write, { story, setting }: Scene): string | undefined {
  const named = new Set([0, 100, ...story.named(setting)])
  const before = new Map(
    story.backends(write.was, setting).map(({ role, weight }) => [role, weight]),
  )
  for (const { role, weight } of story.backends(write.is, setting)) {
    if (role === 'stable' || named.has(weight) || weight <= (before.get(role) ?? 0)) continue
    return `${role} rises to ${weight}, which no step names`
  }
  return undefined
}
