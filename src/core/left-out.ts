/**
 * What is asked of the route and its router cannot do: told once as a decision (hence in Events, log and plan), and as a
 * condition as long as it is so. The release goes on without it.
 */
import { entry } from './entry.ts'
import type { Facts } from './facts.ts'
import type { Condition } from './k8s/meta.ts'
import type { App } from './model/app.ts'
import { note, type Pass } from './pass.ts'
import { unsupported } from './traffic/extras.ts'
import { routers } from './traffic/register.ts'

/** The type of the condition; absent where nothing is left out. */
const leftOutType = 'LeftOut'

/** A sentence for each thing that is left out. */
export function leftOutOf({ traffic }: App): readonly string[] {
  const router = entry(routers, traffic.router)
  return router === undefined ? [] : unsupported(router, traffic.extras)
}

export function leftOutConditions(app: App): readonly Condition[] {
  const sentences = leftOutOf(app)
  if (sentences.length === 0) return []
  const condition: Condition = {
    type: leftOutType,
    status: 'True',
    observedGeneration: app.generation,
    lastTransitionTime: '',
    reason: 'ExtrasLeftOut',
    message: sentences.join('; '),
  }
  return [condition]
}

/** The type of the condition that says that the route is missing, and may be. */
const routeAbsentType = 'RouteAbsent'

/** Whether a release goes by its pods alone because its route is not there (yet). */
export function routeAbsentConditions({ app, imagined, router }: Facts): readonly Condition[] {
  if (!imagined || router.capabilities.by === 'nothing') return []
  const missing = router.objects(app).map(({ kind, name }) => `${kind} ${name}`)
  const condition: Condition = {
    type: routeAbsentType,
    status: 'True',
    observedGeneration: app.generation,
    lastTransitionTime: '',
    reason: 'RouteMissing',
    message: `there is no ${missing.join(' or ')}; the release goes by its pods alone until there is`,
  }
  return [condition]
}

/** Writes down what the stored condition does not say yet. */
export function tellLeftOut(pass: Pass): Pass {
  const stored = pass.book.conditions.find(({ type }) => type === leftOutType)?.message ?? ''
  const fresh = leftOutOf(pass.observed.app).filter((sentence) => !stored.includes(sentence))
  return fresh.reduce(
    (told, message) => note(told, { action: 'LeaveOut', reason: 'ExtrasLeftOut', message }),
    pass,
  )
}
