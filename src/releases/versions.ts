/** Revisions by the versions that people know: a sentence that names a hash says in brackets what image it runs. */
import type { Entry } from './entry.ts'
import { failedImage, rolesOf, shortImage, tagOf } from './facts.ts'
import { imagesOf, type RevisionPart } from './parts.ts'

/** Revision → image in short, where it is known. */
export type Versions = ReadonlyMap<string, string>

/** As far as the release's own status tells; `parts` know of former revisions, too. */
export function versionsOf(entry: Entry, parts: readonly RevisionPart[] = []): Versions {
  const ofParts = parts.flatMap(({ revision, workloads: [first] }) =>
    first === undefined
      ? []
      : [
          [
            revision,
            shortImage(imagesOf(first.object.spec.template).split(', ')[0] ?? ''),
          ] as const,
        ],
  )
  const ofRoles = rolesOf(entry.book).map((role) => [role.revision, tagOf(entry, role)] as const)
  const failed = [entry.book?.failed.at(-1)?.revision, failedImage(entry)] as const
  const known = [...ofParts, failed, ...ofRoles].filter(isKnown)
  return new Map(known)
}

function isKnown(
  pair: readonly [string | undefined, string | undefined],
): pair is readonly [string, string] {
  return pair.every((part) => part !== undefined && part !== '')
}

/** `revision 642de1161c (v2) goes on trial beside 40f78eeab7 (v1)`. */
export function withVersions(text: string, versions: Versions): string {
  return text.replaceAll(/[a-z0-9-]+/g, (word) => {
    const version = versions.get(word)
    return version === undefined || version === word ? word : `${word} (${version})`
  })
}
