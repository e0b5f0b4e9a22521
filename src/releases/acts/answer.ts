/** What became of a command: the controller writes it into the release's decisions. */
import type { Action } from '#core/model/app.ts'
import type { DecisionRecord } from '#core/model/notebook.ts'
import { sleep } from '#kube/ports.ts'
import type { Entry } from '../entry.ts'
import type { Place } from '../find.ts'
import { follow } from '../follow.ts'

export type Answer =
  | { readonly kind: 'obeyed' | 'refused'; readonly record: DecisionRecord }
  | { readonly kind: 'silence' }

/** Waits for the decision that answers it, at most so long. `annotations` are what asked for it. */
export async function answerTo(
  place: Pick<Place, 'cluster'>,
  entry: Entry,
  {
    action,
    annotations,
    withinMs,
  }: {
    readonly action: Action
    readonly annotations: readonly string[]
    readonly withinMs: number
  },
): Promise<Answer> {
  const before = new Set((entry.book?.decisions ?? []).map(({ actionId }) => actionId))
  let answer: Answer = { kind: 'silence' }
  const look = (entries: readonly Entry[]): 'end' | void => {
    const own = entries.find(({ object }) => object.metadata.uid === entry.object.metadata.uid)
    // Words of a door that carry no id are told by the annotation that said them.
    const record = own?.book?.decisions.findLast(
      ({ actionId, by }) =>
        actionId !== undefined &&
        !before.has(actionId) &&
        (actionId === action.id || annotations.includes(by ?? '')),
    )
    if (record === undefined) return undefined
    answer = { kind: record.action === 'Refuse' ? 'refused' : 'obeyed', record }
    return 'end'
  }
  const { namespace } = entry
  const over = new AbortController()
  const enough = sleep(place.cluster.ports.clock, withinMs, over.signal)
  await follow(place, { namespace, only: entry }, look, enough)
  over.abort()
  return answer
}
