/** Where a release has come to, as a script wants to know it. */

import type { Entry } from './entry.ts'
import { isObserved } from './facts.ts'
import { isObstacle } from './plan/plan.ts'

/** `degraded`: turned back, or held by what only a change can mend. `underWay`: it may still go either way. */
export type Outcome = 'healthy' | 'degraded' | 'aborted' | 'underWay'

export function outcomeOf(entry: Entry): Outcome {
  const { book } = entry
  if (book === undefined || !isObserved(entry)) return 'underWay'
  if (isObstacle(book.reason.type)) return 'degraded'
  if (book.trials.length > 0) return 'underWay'
  if (book.phase === 'Completed') return 'healthy'
  if (book.phase !== 'Failed') return 'underWay'
  const aborted = book.reason.type === 'Aborted' || book.failed.at(-1)?.reason === 'Aborted'
  return aborted ? 'aborted' : 'degraded'
}
