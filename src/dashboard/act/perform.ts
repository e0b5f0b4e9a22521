/** Acts on a release, once: bound to what its author looked at, written by our own hand with their name on it. */
import { answerTo } from '#releases/acts/answer.ts'
import { askAs } from '#releases/acts/asking.ts'
import { writeCommand } from '#releases/acts/writing.ts'
import type { House } from '../http/house.ts'
import type { ActionAnswer, ActionRequest, ActionVerb, ReleaseId } from '../wire.ts'
import { askedAgain, assertFresh, entryAt, meantBy } from './asked.ts'

const fieldManager = 'headgate-dashboard'

/** So long the controller's answer is waited for; the command stands afterwards, too. */
const answerWithinMs = 5000
/** So long somebody else's command that stands there is waited for. */
const freeWithinMs = 2000

/** @throws RefusedError where it is out of date, or nothing there could be meant. */
export async function performed(
  { cluster }: Pick<House, 'cluster'>,
  {
    id: release,
    verb,
    request,
    by,
  }: {
    readonly id: ReleaseId
    readonly verb: ActionVerb
    readonly request: ActionRequest
    readonly by: () => Promise<string>
  },
): Promise<ActionAnswer> {
  const entry = await entryAt(cluster, release)
  const id = cluster.ports.newId()
  const { candidate } = request
  const who = await by()
  const meant = await meantBy(cluster, entry, { verb, candidate, id, by: who })
  assertFresh(entry, meant, request)
  if (meant.kind === 'template') {
    const said = { verb: meant.verb, id, by: who }
    const silent = await askAs({ cluster }, entry, meant.change, said, { fieldManager })
    const done = verb === 'undo' ? askedAgain(meant) : 'restarted, as a new revision'
    const message = silent === undefined ? done : `${done}; ${silent}`
    return { id, outcome: 'obeyed', message }
  }
  const { action } = meant
  const annotations = entry.resource.actions?.annotations(action) ?? {}
  await writeCommand(cluster, entry, annotations, { fieldManager, withinMs: freeWithinMs })
  const answer = await answerTo({ cluster }, entry, {
    action,
    annotations: Object.keys(annotations),
    withinMs: answerWithinMs,
  })
  if (answer.kind !== 'silence') return { id, outcome: answer.kind, message: answer.record.message }
  return {
    id,
    outcome: 'asked',
    message: `${verb} is asked for, and no controller has answered yet; it stands until one does`,
  }
}
