/** Names as people write them: `NAME`, or `DOOR/NAME` where a name alone is not clear. */

import { faces } from '#doors/faces.ts'
import { doors } from '#doors/register.ts'
import { UsageError } from './errors.ts'

/** On Releases that a door without a resource of its own has written: the door's name. */
export const doorLabel = 'headgate.dev/door'

/** Every door a release may have come through. */
const doorNames: readonly string[] = [
  ...new Set([...doors.map(({ name }) => name), ...faces.map(({ name }) => name)]),
]

export type AskedName = { readonly door: string | undefined; readonly name: string }

/** @throws UsageError that says how names are written. */
export function askedName(text: string): AskedName {
  const parts = text.split('/')
  const [first = '', second] = parts
  if (parts.length > 2 || first === '' || second === '')
    throw new UsageError(`${text} is no name; write NAME or DOOR/NAME`)
  if (second === undefined) return { door: undefined, name: first }
  if (!doorNames.includes(first))
    throw new UsageError(`there is no door ${first}; ${insteadOf(first, second)}`)
  return { door: first, name: second }
}

/** Who writes kubectl's name of a resource means the door that reads it. */
function insteadOf(word: string, name: string): string {
  const meant = doors.find(({ kind }) =>
    [kind.kind.toLowerCase(), kind.plural, `${kind.plural}.${kind.group}`].includes(word),
  )
  return meant === undefined
    ? `there are ${doorNames.join(', ')}`
    : `${meant.kind.plural} come through ${meant.name}: write ${meant.name}/${name}`
}

/** Whether this name, coming through that door, is meant. */
export function isMeant(asked: AskedName, one: { readonly door: string; readonly name: string }) {
  return asked.name === one.name && (asked.door === undefined || asked.door === one.door)
}
