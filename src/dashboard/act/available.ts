/** What somebody could do with a release now, and where they could not, why. */
import type { Verb } from '#core/model/app.ts'
import { revisionToUndo } from '#releases/acts/earlier.ts'
import { actionFor, assertTaken } from '#releases/acts/meant.ts'
import { refusalOf } from '#releases/acts/verdict.ts'
import type { Entry } from '#releases/entry.ts'
import { RefusedError, UsageError } from '#releases/errors.ts'
import type { Caller } from '../access.ts'
import type { House } from '../http/house.ts'
import { actionVerbs } from '../http/schemas.ts'
import type { Looked } from '../live/one.ts'
import { mayAll, rightFor } from '../rights.ts'
import type { ActionVerb, ActionView } from '../wire.ts'

/** Which candidate, where several are on trial and one has to be named. */
function candidatesFor({ book }: Entry, verb: Verb): readonly (string | undefined)[] {
  const trials = book?.trials ?? []
  const one = verb === 'promote' || verb === 'promote-full'
  return one && trials.length > 1 ? trials.map(({ role }) => role) : [undefined]
}

export async function actionViews(
  { readOnly, clock }: Pick<House, 'readOnly' | 'clock'>,
  looked: Looked,
  caller: Caller,
): Promise<readonly ActionView[]> {
  const { entry } = looked
  const { resource } = entry
  const views = actionVerbs.map(async (verb): Promise<readonly ActionView[]> => {
    const may = !readOnly && (await mayAll(caller, entry, resource, [rightFor(verb)]))
    return candidatesFor(entry, verb).map((candidate) => {
      const because = readOnly
        ? 'this dashboard only shows'
        : may
          ? refusedBecause(looked, verb, candidate, clock.now())
          : `you may not ${rightFor(verb)} ${resource.kind.plural}.${resource.kind.group}`
      return {
        verb,
        ...(candidate === undefined ? {} : { candidate }),
        allowed: because === undefined,
        ...(because === undefined ? {} : { because }),
      }
    })
  })
  return (await Promise.all(views)).flat()
}

function refusedBecause(
  { entry, revisions }: Looked,
  verb: ActionVerb,
  candidate: string | undefined,
  now: number,
): string | undefined {
  try {
    if (verb === 'undo' || verb === 'restart') {
      assertTaken(entry, verb)
      const place = entry.resource.actions?.version(entry.object)
      if (place === undefined) return 'its object does not say which version runs'
      if (verb === 'undo') revisionToUndo(entry, revisions, undefined)
      else if (place.kind !== 'template') return 'it has no pod template that could change'
      return undefined
    }
    const asked = { verb, candidate, id: 'asked', by: 'somebody' }
    return refusalOf(entry, actionFor(entry, asked), now)
  } catch (error) {
    if (error instanceof RefusedError || error instanceof UsageError) return error.message
    throw error
  }
}
