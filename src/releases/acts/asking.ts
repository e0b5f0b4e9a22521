/** Asks for another template, and says who does: the engine writes that down as it does commands. */

import type { TemplateVerb } from '#core/template-changes.ts'
import { KubeError } from '#kube/errors.ts'
import type { Entry } from '../entry.ts'
import { RefusedError, TimeoutError } from '../errors.ts'
import type { Place } from '../find.ts'
import type { TemplateChange } from './change.ts'
import { askFor } from './version.ts'
import { type Writing, writeCommand } from './writing.ts'

export type Said = { readonly verb: TemplateVerb; readonly id: string; readonly by: string }

/** So long somebody else's command that stands there is waited for. */
const freeWithinMs = 2000

/**
 * The template first: what is said of it is true only then. Answers why it could not be said, if so; the change stands all
 * the same. A dry run says nothing. @throws RefusedError, KubeError where the change is not taken.
 */
export async function askAs(
  place: Pick<Place, 'cluster'>,
  entry: Entry,
  { now, next }: TemplateChange,
  said: Said,
  writing: Writing,
): Promise<string | undefined> {
  const patched = await askFor(place, now, next, writing)
  if (writing.dryRun === true) return undefined
  const isOwn = patched.metadata.uid === entry.object.metadata.uid
  const object = isOwn ? { ...entry.object, metadata: patched.metadata } : entry.object
  const { metadata } = entry.object
  const action = { ...said, ...asLookedAt(entry), uid: metadata.uid ?? '' }
  const annotations = entry.resource.actions?.annotations(action) ?? {}
  try {
    await writeCommand(place.cluster, { ...entry, object }, annotations, {
      ...writing,
      withinMs: freeWithinMs,
    })
    return undefined
  } catch (error) {
    const isTold = [KubeError, RefusedError, TimeoutError].some((kind) => error instanceof kind)
    if (!isTold) throw error
    return `it is not on record who asked: ${(error as Error).message}`
  }
}

/** What was asked for until now, and its step. */
function asLookedAt({ book }: Entry): {
  readonly revision: string
  readonly step: number | undefined
} {
  const trial = book?.trials[0]
  if (trial !== undefined) return { revision: trial.revision, step: trial.step }
  const failed = book?.phase === 'Failed' ? book.failed.at(-1)?.revision : undefined
  return { revision: failed ?? book?.stable ?? '', step: undefined }
}
