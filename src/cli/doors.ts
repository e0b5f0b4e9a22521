/** Which doors a controller opens. */
import type { Door } from '#doors/door.ts'
import { doors } from '#doors/register.ts'
import { UsageError } from '#releases/errors.ts'

/** All of them, or those named with commas between. Our own is always open: others keep their releases there. */
export function doorsOf(text: string | undefined): readonly Door[] {
  if (text === undefined) return doors
  const names = text.split(',').map((name) => name.trim())
  const known = doors.map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new UsageError(`--doors ${unknown} is unknown; write some of ${known.join(',')}`)
  return doors.filter(({ name }) => name === 'headgate' || names.includes(name))
}
