/** Commands that ask for another template: an earlier revision again, or the same one anew. */
import { formatInstant } from '#core/time.ts'
import type { Entry } from '../entry.ts'
import type { Place } from '../find.ts'
import { type RevisionPart, revisionsOf } from '../parts.ts'
import { earlierTemplate, revisionToUndo } from './earlier.ts'
import { templateIn, type VersionNow, versionNow } from './version.ts'

/** What stands there now, and what is to stand there instead. */
export type TemplateChange = {
  readonly now: VersionNow
  readonly next: unknown
}

/** `asked` is the beginning of a revision's name; left out, the one before. @throws RefusedError, UsageError. */
export async function undoing(
  place: Pick<Place, 'cluster'>,
  entry: Entry,
  asked: string | undefined,
): Promise<TemplateChange & { readonly revision: string }> {
  const now = await versionNow(place, entry, 'undo')
  const revisions: readonly RevisionPart[] = await revisionsOf(place.cluster, entry)
  const revision = revisionToUndo(entry, revisions, asked)
  const template = earlierTemplate(entry, revisions, revision)
  const next = now.place.kind === 'image' ? template.spec.containers[0]?.image : template
  return { now, next, revision }
}

/** As `kubectl rollout restart` writes it. */
const annotation = 'kubectl.kubernetes.io/restartedAt'

/** @throws RefusedError where the door has no template of its own. */
export async function restarting(
  place: Pick<Place, 'cluster'>,
  entry: Entry,
): Promise<TemplateChange> {
  const now = await versionNow(place, entry, 'restart')
  const template = templateIn(entry, now, 'restart')
  const { metadata } = template
  const at = formatInstant(place.cluster.ports.clock.now())
  const annotations = { ...metadata?.annotations, [annotation]: at }
  return { now, next: { ...template, metadata: { ...metadata, annotations } } }
}
