/** Releases as rows of a table. */

import type { Phase } from '#core/model/notebook.ts'
import { parseInstant } from '#core/time.ts'
import type { Entry } from '#releases/entry.ts'
import { phaseOf, reasonOf, rolesInUse, stepText, tagOf, weightsText } from '#releases/facts.ts'
import { age } from '../show/age.ts'
import type { Cell } from '../show/table.ts'
import { type Colour, harmless, type Paint } from '../show/terminal.ts'

export type Columns = { readonly namespaces: boolean; readonly wide: boolean }

export function headings({ namespaces, wide }: Columns): readonly string[] {
  return [
    ...(namespaces ? ['NAMESPACE'] : []),
    ...['NAME', 'DOOR', 'PHASE', 'STEP', 'WEIGHTS', 'REASON', 'AGE'],
    ...(wide ? ['READY', 'REVISIONS', 'IMAGES', 'MESSAGE'] : []),
  ]
}

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
          roles.map((own) => tagOf(entry, own) ?? '-').join(' ') || '-',
          reasonOf(entry).message,
        ]
      : []),
  ]
}

const phaseColours: Readonly<Record<Phase | 'Unknown', Colour>> = {
  Initializing: 'cyan',
  Progressing: 'cyan',
  Paused: 'yellow',
  Preview: 'cyan',
  Experimenting: 'cyan',
  Concluded: 'yellow',
  Completed: 'green',
  Failed: 'red',
  Retiring: 'dim',
  Retired: 'dim',
  Unknown: 'dim',
}

export function phaseCell(entry: Entry, paint: Paint): Cell {
  return { text: phaseOf(entry), painted: paintedPhase(entry, paint) }
}

export function paintedPhase(entry: Entry, paint: Paint): string {
  const phase = phaseOf(entry)
  return paint(phaseColours[phase], harmless(phase))
}

export function ageOfObject({ object }: Pick<Entry, 'object'>, now: number): string {
  const at = parseInstant(object.metadata.creationTimestamp)
  return at === undefined ? '-' : age(now - at)
}
