/** What somebody may do with releases, as the cluster's own rules for the objects that carry them say. */
import type { Door } from '#doors/door.ts'
import { faces } from '#doors/faces.ts'
import { doors } from '#doors/register.ts'
import type { Caller } from './access.ts'
import type { Line } from './live/list.ts'
import type { ReleaseId } from './wire.ts'

/** The door whose resource carries the releases of this one; undefined where there is none of this name. */
export function resourceOf(door: string): Door | undefined {
  const own = doors.find(({ name }) => name === door)
  if (own !== undefined) return own
  // Doors without a resource of their own write Releases.
  const writes = faces.some(({ name }) => name === door)
  return writes ? doors.find(({ name }) => name === 'headgate') : undefined
}

/** The right that an action asks for: going past all steps is a way to promote. */
export function rightFor(verb: string): string {
  return verb === 'promote-full' ? 'promote' : verb
}

/** Whether somebody may do all of this to a release. */
export async function mayAll(
  caller: Caller,
  { namespace, name }: ReleaseId,
  { kind }: Door,
  verbs: readonly string[],
): Promise<boolean> {
  const { group, plural: resource } = kind
  const answers = await Promise.all(
    verbs.map((verb) => caller.may({ verb, group, resource, namespace, name })),
  )
  return answers.every(Boolean)
}

export type Sight = {
  /** Undefined where nobody has asked yet. */
  readonly sees: (line: Line) => boolean | undefined
  /** Asks for what is not known of these. @throws CannotTell */
  readonly learn: (lines: Iterable<Line>) => Promise<void>
}

/** Which lines somebody sees: those whose kind they may list everywhere, or in the line's namespace. */
export function sightOf(caller: Caller): Sight {
  const known = new Map<string, boolean>()
  const keyOf = ({ resource, row }: Line): string => `${resource.name} ${row.namespace}`
  const ask = async (key: string, { kind }: Door, namespace?: string): Promise<boolean> => {
    const found = known.get(key)
    if (found !== undefined) return found
    const { group, plural: resource } = kind
    const where = namespace === undefined ? {} : { namespace }
    const answer = await caller.may({ verb: 'list', group, resource, ...where })
    known.set(key, answer)
    return answer
  }
  return {
    sees: (line) => known.get(line.resource.name) === true || known.get(keyOf(line)),
    learn: async (lines) => {
      const asked = new Map([...lines].map((line) => [keyOf(line), line] as const))
      await Promise.all(
        [...asked].map(async ([key, { resource, row }]) => {
          if (await ask(resource.name, resource)) return
          await ask(key, resource, row.namespace)
        }),
      )
    },
  }
}
