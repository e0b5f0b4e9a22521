/** A comparison needs a stable revision with traffic: once the candidate has all of it, there is none. */
import type { Metric } from '../model/analysis.ts'
import type { Trial } from '../model/notebook.ts'
import { stable, weightOf } from '../model/weights.ts'
import type { Pass } from '../pass.ts'

/** Whether the stable revision has no traffic any more. */
export function isAlone(
  { facts, book }: Pick<Pass, 'facts' | 'book'>,
  { revision }: Trial,
): boolean {
  if (facts.weights === undefined || revision === book.stable) return false
  return weightOf(facts.weights, stable) === 0 || facts.selected(stable) === revision
}

/** Why a metric has nothing to be judged by, where it is for want of somebody to compare with. */
export function uncompared(
  pass: Pick<Pass, 'facts' | 'book'>,
  trial: Trial,
  { name, compare }: Metric,
): string | undefined {
  if (compare === undefined || !isAlone(pass, trial)) return undefined
  return `metric ${name} compares with stable, which has no traffic any more; end the steps below 100, or write onNoData: continue`
}
