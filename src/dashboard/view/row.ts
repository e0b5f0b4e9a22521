/** One release as a line of the list. */
import { parseInstant } from '#core/time.ts'
import type { Entry } from '#releases/entry.ts'
import { failedImage, phaseOf, reasonOf, rolesInUse, stepText, tagOf } from '#releases/facts.ts'
import { imagesOf } from '#releases/parts.ts'
import { waitsForPerson } from '#releases/person.ts'
import { versionsOf, withVersions } from '#releases/versions.ts'
import type { ReleaseId, ReleaseRow } from '../wire.ts'

/** `DOOR/NAMESPACE/NAME`. */
export function keyOf({ door, namespace, name }: ReleaseId): string {
  return `${door}/${namespace}/${name}`
}

/** `versions` are those it may name; left out, what its own status tells. */
export function rowOf(entry: Entry, versions = versionsOf(entry)): ReleaseRow {
  const { door, namespace, name, object, app, book, resource } = entry
  const { type, message } = reasonOf(entry)
  const failed = failedImage(entry)
  return {
    door,
    namespace,
    name,
    kind: resource.kind.kind,
    uid: object.metadata.uid ?? '',
    phase: phaseOf(entry),
    reason: {
      type,
      message: withVersions(message, versions),
      ...(book === undefined ? {} : { since: book.reason.since }),
    },
    waitsForPerson: waitsForPerson(entry),
    strategy: app?.plan.strategy ?? '-',
    step: stepText(entry),
    weights: rolesInUse(book).map((own) => {
      const { role, revision, wanted, confirmed } = own
      const tag = tagOf(entry, own)
      return { role, revision, ...(tag === undefined ? {} : { tag }), wanted, confirmed }
    }),
    ...(failed === undefined ? {} : { failed }),
    images: app === undefined ? [] : imagesOf(app.template).split(', '),
    createdAt: parseInstant(object.metadata.creationTimestamp) ?? 0,
  }
}
