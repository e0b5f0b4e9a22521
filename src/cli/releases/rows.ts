/** Releases as rows of a table. */
import { parseInstant } from '#core/time.ts'
import { age } from '../show/age.ts'
import { type Cell } from '../show/table.ts'
import { harmless, type Terminal } from '../show/terminal.ts'
import { type Entry } from './entry.ts'
import { phaseColours, phaseOf, reasonOf, rolesInUse, stepText, weightsText } from './facts.ts'

export type Columns = { readonly namespaces: boolean; readonly wide: boolean }

export function headings({ namespaces, wide }: Columns): readonly string[] {
  return [
    ...(namespaces ? ['NAMESPACE'] : []),
    ...['NAME', 'DOOR', 'PHASE', 'STEP', 'WEIGHTS', 'REASON', 'AGE'],
    ...(wide ? ['READY', 'REVISIONS', 'MESSAGE'] : []),
  ]
}

export type Paint = Terminal['paint']

export function row(
  entry: Entry,
  { namespaces, wide }: Columns,
  { now, paint }: { readonly now: number; readonly paint: Paint },
): readonly Cell[] {
  const { namespace, name, door } = entry
  const roles = rolesInUse(entry.book)
  return [
    ...(namespaces ? [namespace] : []),
    name,
    door,
    phaseCell(entry, paint),
    stepText(entry),
    weightsText(entry),
    reasonOf(entry).type,
    ageOfObject(entry, now),
    ...(wide
      ? [
          roles.map(({ ready, replicas }) => `${ready}/${replicas}`).join(' ') || '-',
          roles.map(({ revision }) => revision || '-').join(' ') || '-',
          reasonOf(entry).message,
        ]
      : []),
  ]
}

export function phaseCell(entry: Entry, paint: Paint): Cell {
  const text = phaseOf(entry)
  return { text, painted: paint(phaseColours[text], harmless(text)) }
}

export function ageOfObject({ object }: Pick<Entry, 'object'>, now: number): string {
  const at = parseInstant(object.metadata.creationTimestamp)
  return at === undefined ? '-' : age(now - at)
}
