/** Which releases are listed, and in which order. */
import type { ReleaseId, ReleaseRow } from '../../wire.ts'

/** What people look for first: what is broken, what waits for them, what moves by itself, what is at rest. */
export const groups = ['failed', 'attention', 'moving', 'serving'] as const
export type Group = (typeof groups)[number]

const sorts = ['name', 'urgent', 'newest'] as const
export type Sort = (typeof sorts)[number]

export type Filter = {
  readonly text: string
  /** Empty for all, as is the door. */
  readonly namespace: string
  readonly door: string
  readonly group: Group | undefined
  readonly sort: Sort
}

export const noFilter: Filter = {
  text: '',
  namespace: '',
  door: '',
  group: undefined,
  sort: 'name',
}

export function readGroup(text: string | null): Group | undefined {
  return groups.find((group) => group === text)
}

export function readSort(text: string | null): Sort {
  return sorts.find((sort) => sort === text) ?? 'name'
}

/** Reasons for which nothing goes on until somebody does something. */
const needsSomebody: ReadonlySet<string> = new Set([
  'WaitingForMetrics',
  'Paused',
  'SpecInvalid',
  'RivalRelease',
  'RouteMissing',
  'RouteUnusable',
  'RouteRefused',
  'ServiceTaken',
  'ServiceTooWide',
  'WorkloadRefused',
  'WriteRefused',
])

export function groupOf({
  phase,
  reason,
  waitsForPerson,
}: Pick<ReleaseRow, 'phase' | 'reason' | 'waitsForPerson'>): Group {
  if (phase === 'Failed') return 'failed'
  if (waitsForPerson) return 'attention'
  // A pause with a time ends by itself.
  if (reason.type === 'WaitingForPause') return 'moving'
  if (phase === 'Paused' || phase === 'Unknown' || needsSomebody.has(reason.type))
    return 'attention'
  return phase === 'Completed' || phase === 'Retired' ? 'serving' : 'moving'
}

export function keyOf({ door, namespace, name }: ReleaseId): string {
  return `${door}/${namespace}/${name}`
}

/** A row is replaced when it changes, so what it can be found by is put together once. */
const found = new WeakMap<ReleaseRow, string>()

function haystack(row: ReleaseRow): string {
  let text = found.get(row)
  if (text === undefined) {
    const { name, namespace, door, kind, phase, reason, images, strategy } = row
    text = [name, namespace, door, kind, phase, reason.type, reason.message, strategy, ...images]
      .join('\n')
      .toLowerCase()
    found.set(row, text)
  }
  return text
}

/** Every word has to occur somewhere. `but` leaves one part of the filter out, to count what it would leave. */
function matches(row: ReleaseRow, filter: Filter, but?: 'group'): boolean {
  if (filter.namespace !== '' && row.namespace !== filter.namespace) return false
  if (filter.door !== '' && row.door !== filter.door) return false
  if (but !== 'group' && filter.group !== undefined && groupOf(row) !== filter.group) return false
  const words = filter.text.toLowerCase().split(/\s+/)
  return words.every((word) => haystack(row).includes(word))
}

const order: Readonly<Record<Sort, (one: ReleaseRow, other: ReleaseRow) => number>> = {
  name: byName,
  urgent: (one, other) =>
    groups.indexOf(groupOf(one)) - groups.indexOf(groupOf(other)) || byName(one, other),
  newest: (one, other) => other.createdAt - one.createdAt || byName(one, other),
}

function byName(one: ReleaseRow, other: ReleaseRow): number {
  return (
    compare(one.name, other.name) ||
    compare(one.namespace, other.namespace) ||
    compare(one.door, other.door)
  )
}

const { compare } = new Intl.Collator('en', { numeric: true })

export type Choice = {
  readonly keys: readonly string[]
  /** How many there are of each group, whichever of them is shown. */
  readonly counts: Readonly<Record<Group, number>>
}

export function chosen(rows: readonly ReleaseRow[], filter: Filter): Choice {
  const counts: Record<Group, number> = { failed: 0, attention: 0, moving: 0, serving: 0 }
  const shown: ReleaseRow[] = []
  for (const row of rows) {
    if (!matches(row, filter, 'group')) continue
    const group = groupOf(row)
    counts[group] += 1
    if (filter.group === undefined || filter.group === group) shown.push(row)
  }
  return { keys: shown.sort(order[filter.sort]).map(keyOf), counts }
}
