/** Earlier revisions: which one an undo means, and its template as its author wrote it. */
import type { PodTemplate } from '#core/k8s/workloads.ts'
import { tellingKeys } from '#core/render/names.ts'
import { type Entry, fullName } from '../entry.ts'
import { RefusedError, UsageError } from '../errors.ts'
import { imagesOf, type RevisionPart } from '../parts.ts'

/**
 * With another revision than stable asked for, stable is meant; else the one that was stable before.
 * @throws UsageError, which lists what there is.
 */
export function revisionToUndo(
  entry: Entry,
  revisions: readonly RevisionPart[],
  asked: string | undefined,
): string {
  const known = revisions.map(({ revision }) => revision)
  if (asked !== undefined) {
    const [only, ...others] = known.filter((revision) => revision.startsWith(asked))
    if (only !== undefined && others.length === 0) return only
    throw new UsageError(
      `${fullName(entry)} has ${only === undefined ? 'no' : 'more than one'} revision ${asked}; it has ${told(revisions)}`,
    )
  }
  const { book } = entry
  const stable = book?.stable
  if (book !== undefined && stable !== undefined && isAnotherAskedFor(entry)) return stable
  const before = book?.decisions.findLast(
    ({ action, revision }) =>
      action === 'Complete' && revision !== stable && known.includes(revision),
  )
  const failed = book?.failed.map(({ revision }) => revision) ?? []
  const found =
    before?.revision ??
    revisions.find(({ revision }) => revision !== stable && !failed.includes(revision))?.revision
  if (found !== undefined) return found
  throw new RefusedError(`${fullName(entry)}: there is no revision before ${stable ?? 'the first'}`)
}

function isAnotherAskedFor({ book }: Entry): boolean {
  if (book === undefined) return false
  return book.trials.length > 0 || book.phase === 'Failed'
}

function told(revisions: readonly RevisionPart[]): string {
  return revisions
    .map(({ revision, workloads }) => {
      const [first] = workloads
      return first === undefined
        ? revision
        : `${revision} (${imagesOf(first.object.spec.template)})`
    })
    .join(', ')
}

/** Without the labels by which its pods were told apart. @throws RefusedError where its workload is gone. */
export function earlierTemplate(
  entry: Entry,
  revisions: readonly RevisionPart[],
  revision: string,
): PodTemplate {
  const [workload] = revisions.find((one) => one.revision === revision)?.workloads ?? []
  if (workload === undefined)
    throw new RefusedError(
      `${fullName(entry)}: the workload of revision ${revision} is gone, and its template with it`,
    )
  const { template } = workload.object.spec
  const { labels, ...metadata } = template.metadata ?? {}
  const { creationTimestamp: _server, ...own } = metadata as typeof metadata & {
    readonly creationTimestamp?: null
  }
  const written = Object.entries(labels ?? {}).filter(([key]) => !isOurs(entry, key))
  return { ...template, metadata: { ...own, labels: Object.fromEntries(written) } }
}

function isOurs({ app }: Entry, key: string): boolean {
  if (key.startsWith('headgate.dev/') || key === 'pod-template-hash') return true
  if (app === undefined) return false
  const added = [...tellingKeys(app), ...Object.keys(app.workloads.labels ?? {})]
  return added.includes(key) && app.template.metadata?.labels?.[key] === undefined
}
