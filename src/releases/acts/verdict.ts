/** What the engine would answer to a command, by what is known of a release without a look at its objects. */
import { decide } from '#core/decide.ts'
import { emptyObserved } from '#core/forecast/assumed.ts'
import type { Action } from '#core/model/app.ts'
import type { Entry } from '../entry.ts'

/**
 * Why it would be refused; undefined where it would be obeyed, or where only a closer look can tell. It is the engine that
 * answers, over a cluster in which nothing is seen.
 */
export function refusalOf({ app, book }: Entry, action: Action, now: number): string | undefined {
  if (app === undefined || book === undefined) return undefined
  const asked = { kind: 'action' as const, text: action.id, action }
  const observed = { ...emptyObserved({ ...app, action: asked }, []), notebook: book }
  const { notebook } = decide(observed, now)
  const answer = notebook.decisions.findLast(({ actionId }) => actionId === action.id)
  if (answer?.action !== 'Refuse') return undefined
  const why = answer.message.replace(/^[\w-]+ refused: /, '')
  return needsALook.some((words) => why.includes(words)) ? undefined : why
}

/** Refusals that rest on workloads. */
const needsALook = ['the server is being asked', 'its pods are becoming']
