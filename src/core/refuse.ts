/** What becomes of an object that asks for something that cannot be: it is told so, and nothing of it is touched. */
import { conditionsOf } from './conditions.ts'
import { keep, type Notebook } from './model/notebook.ts'
import { emptyNotebook } from './pass.ts'
import { cut } from './render/text.ts'
import type { Instant } from './time.ts'
import { isWorthWriting } from './worth.ts'

/** A mistake in what somebody wrote: where, and what to write instead. */
export type Problem = { readonly path: string; readonly message: string }

export function refuse(
  problems: readonly Problem[],
  stored: Notebook | undefined,
  generation: number,
  now: Instant,
): { readonly notebook: Notebook; readonly write: boolean } {
  const message = cut(
    problems.map((problem) => `${problem.path}: ${problem.message}`).join('; '),
    keep.message,
  )
  const before = stored?.reason
  const since = before?.type === 'SpecInvalid' ? before.since : now
  const book = {
    ...(stored ?? emptyNotebook(generation, now)),
    observedGeneration: generation,
    reason: { type: 'SpecInvalid', message, object: undefined, since, next: undefined },
  } as const
  const notebook = { ...book, conditions: conditionsOf(book, stored, false, now) }
  return { notebook, write: isWorthWriting(notebook, stored) || before?.message !== message }
}
