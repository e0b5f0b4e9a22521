/** S10: failed is failed, until somebody asks for a retry or for another revision. */
import type { Release } from '#core/api/release.ts'
import { recordOf } from '../record.ts'
import { type Invariant, shop } from './invariant.ts'
import { commanded, news } from './s7.ts'

export const s10: Invariant = {
  id: 'S10',
  says: 'a failed revision stays failed until a retry or another target',
  write: (write, scene) => {
    if (!write.cause.ours || write.shelf !== 'releases' || write.key !== shop) return undefined
    const [before, after] = [
      write.before as Release | undefined,
      write.after as Release | undefined,
    ]
    if (before?.metadata.uid !== after?.metadata.uid) return undefined
    const [was, is] = [recordOf(before), recordOf(after)]
    const back = is.trials.find(
      ({ revision }) =>
        was.failed.includes(revision) && !was.trials.some((trial) => trial.revision === revision),
    )
    if (back === undefined || commanded(news(was, is), 'Retry', scene)) return undefined
    if (isNewWord(before, after)) return undefined
    return `${back.revision} failed and is on trial again without a retry`
  },
}

/** A later word from outside about the same version asks for it anew. */
function isNewWord(before: Release | undefined, after: Release | undefined): boolean {
  const [word] = after?.spec.strategy.commanded?.candidates ?? []
  const [failed] = before?.status?.failed ?? []
  return word !== undefined && word.version > (failed?.command ?? 0)
}
