/** Lists: filtered, in the order in which they were created, and by pages for those who ask for pages. */
import type { Query } from './query.ts'

type Item = {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly appName: string
  readonly created: number
}

export function inOrder<T extends Item>(items: Iterable<T>): readonly T[] {
  return [...items].sort(
    (a, b) => a.created - b.created || (a.metadata.name < b.metadata.name ? -1 : 1),
  )
}

/** A29: the newest so many of each application. */
export function newestOfEach<T extends Item>(items: readonly T[], limit: number): readonly T[] {
  const counts = new Map<string, number>()
  const kept = items.toReversed().filter(({ appName }) => {
    const count = (counts.get(appName) ?? 0) + 1
    counts.set(appName, count)
    return count <= limit
  })
  return kept.toReversed()
}

export type Page<T> = {
  readonly items: readonly T[]
  /** Where the next page begins; undefined on the last one. */
  readonly next: string | undefined
}

/** `pageSize` items after the one with the id `after`; all where nobody asks for pages. */
export function pageOf<T extends Item>(items: readonly T[], query: Query): Page<T> {
  const size = query.count('pageSize')
  const after = query.text('after')
  const begin = after === undefined ? 0 : items.findIndex((one) => one.metadata.name === after) + 1
  if (size === undefined) return { items: items.slice(begin), next: undefined }
  const page = items.slice(begin, begin + size)
  const isLast = begin + size >= items.length
  return { items: page, next: isLast ? undefined : page.at(-1)?.metadata.name }
}
