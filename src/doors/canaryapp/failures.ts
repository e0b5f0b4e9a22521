/**
 * Images that failed: none of them is tested again while it is asked for, until another image succeeds or somebody
 * retries. The engine remembers a revision as long as nothing else is asked for; this list remembers images for longer.
 */
import type { Failure, Notebook } from '#core/model/notebook.ts'
import type { ReasonType } from '#core/reasons.ts'
import { formatInstant, parseInstant } from '#core/time.ts'
import type { CanaryAppStatus, FailedImage } from './canary-app.ts'
import { secondary } from './canary-app.ts'

/** So many are remembered. */
const most = 10

/** Those on record; one that only the original wrote down is one of them. */
export function failedImages(status: CanaryAppStatus | undefined): readonly FailedImage[] {
  if (status === undefined) return []
  const { failedImages: known = [], lastFailedTag: last, lastTrafficShift } = status
  if (last === undefined || last === '' || known.some(({ image }) => image === last)) return known
  const at = lastTrafficShift ?? '1970-01-01T00:00:00Z'
  return [...known, { image: last, at, reason: 'AnalysisFailed', message: 'it failed before' }]
}

/** The notebook in which an image on the list has failed, and no other. */
export function withFailure(
  book: Notebook,
  { image, revision }: { readonly image: string; readonly revision: string },
  list: readonly FailedImage[],
): Notebook {
  // What is on trial is told by its own stage, also on its way back.
  const found = list.findLast((one) => one.image === image)
  const own = book.failed.filter((one) => one.revision === revision)
  if (found === undefined || revision === book.stable) return { ...book, failed: own }
  if (own.length > 0) return { ...book, failed: own }
  const failure: Failure = {
    role: secondary,
    revision,
    reason: found.reason as ReasonType,
    message: found.message,
    at: parseInstant(found.at) ?? 0,
  }
  return { ...book, failed: [failure] }
}

export type News = {
  readonly book: Notebook
  /** Images by revision. */
  readonly images: Readonly<Record<string, string>>
  /** Whether another image has just become the trusted one. */
  readonly succeeded: boolean
  /** The image that somebody has just asked to try again. */
  readonly retried: string | undefined
}

/** The list after what happened now. */
export function failuresAfter(
  list: readonly FailedImage[],
  { book, images, succeeded, retried }: News,
): readonly FailedImage[] {
  if (succeeded) return []
  const fresh = book.failed.flatMap(({ revision, at, reason, message }): readonly FailedImage[] => {
    const image = images[revision]
    return image === undefined ? [] : [{ image, at: formatInstant(at), reason, message }]
  })
  return fresh
    .reduce(withNewer, list)
    .filter(({ image }) => image !== retried)
    .slice(-most)
}

function withNewer(known: readonly FailedImage[], one: FailedImage): readonly FailedImage[] {
  const before = known.find(({ image }) => image === one.image)
  if ((parseInstant(before?.at) ?? -1) >= (parseInstant(one.at) ?? 0)) return known
  return [...known.filter(({ image }) => image !== one.image), one]
}
