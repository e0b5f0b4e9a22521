/**
 * What is asked of the route and its router cannot do: told once as a decision (hence in Events, log and plan), and as a
 * condition as long as it is so. The release goes on without it.
 */
import { entry } from './entry.ts'
import type { Condition } from './k8s/meta.ts'
import type { App } from './model/app.ts'
import { note, type Pass } from './pass.ts'
import { unsupported } from './traffic/extras.ts'
import { routers } from './traffic/register.ts'

/** The type of the condition; absent where nothing is left out. */
export const leftOutType = 'LeftOut'

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

/** Writes down what the stored condition does not say yet. */
export function tellLeftOut(pass: Pass): Pass {
  const stored = pass.book.conditions.find(({ type }) => type === leftOutType)?.message ?? ''
  const fresh = leftOutOf(pass.observed.app).filter((sentence) => !stored.includes(sentence))
  return fresh.reduce(
    (told, message) => note(told, { action: 'LeaveOut', reason: 'ExtrasLeftOut', message }),
    pass,
  )
}
