/** `headgate promote`, `pause`, `resume`, `abort`, `retry`: one annotation, and what became of it. */

import type { Verb } from '#core/model/app.ts'
import type { Door } from '#doors/door.ts'
import type { Cluster, ObjectName } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { sleep } from '#kube/ports.ts'
import { answerTo } from '../acts/answer.ts'
import { type DryRun, dryRunOf, dryWords } from '../acts/dry-run.ts'
import { actionFor } from '../acts/meant.ts'
import { whoAsks } from '../acts/who.ts'
import { RefusedError, TimeoutError } from '../errors.ts'
import { durationOf } from '../options.ts'
import { type ClusterOptions, type Connected, withCluster } from '../releases/connect.ts'
import { type Entry, fullName } from '../releases/entry.ts'
import { findEntry } from '../releases/find.ts'
import { harmless } from '../show/terminal.ts'

export type ActCommand = ClusterOptions & {
  readonly candidate?: string
  readonly dryRun?: string
  readonly timeout: string
}

export type CommandVerb = Exclude<Verb, 'undo' | 'restart'>

/** Each in its turn; the first that is refused ends it. */
export async function act(
  verb: CommandVerb,
  names: readonly string[],
  options: ActCommand,
): Promise<void> {
  const dryRun = dryRunOf(options.dryRun)
  const withinMs = durationOf('--timeout', options.timeout)
  await withCluster(options, async (connected) => {
    for (const name of names) {
      const entry = await findEntry(connected, name)
      await one(connected, entry, { verb, candidate: options.candidate, dryRun, withinMs })
    }
  })
}

type Asked = {
  readonly verb: CommandVerb
  readonly candidate: string | undefined
  readonly dryRun: DryRun
  readonly withinMs: number
}

async function one(connected: Connected, entry: Entry, asked: Asked): Promise<void> {
  const { verb, candidate, dryRun, withinMs } = asked
  const { cluster } = connected
  const { ports } = cluster
  const action = actionFor(entry, {
    verb,
    candidate,
    id: ports.newId(),
    by: await whoAsks(cluster),
  })
  const annotations = entry.resource.actions?.annotations(action) ?? {}
  const bound = action.step === undefined ? '' : ` at step ${action.step + 1}`
  const meant = `${verb} of revision ${action.revision}${bound}`
  if (dryRun !== 'client') await write(connected, entry, annotations, asked)
  if (dryRun !== 'none')
    return say(entry, `${meant} would be asked for by ${action.by}${dryWords(dryRun)}`)
  const answer = await answerTo(connected, entry, {
    action,
    annotations: Object.keys(annotations),
    withinMs,
  })
  if (answer.kind === 'obeyed') return say(entry, answer.record.message)
  if (answer.kind === 'refused')
    throw new RefusedError(`${fullName(entry)}: ${answer.record.message}`)
  throw new TimeoutError(
    `${fullName(entry)}: ${meant} is asked for, and no controller has answered yet; it stands until one does (is it running?)`,
  )
}

function say(entry: Entry, message: string): void {
  process.stdout.write(`${harmless(`${fullName(entry)}: ${message}`)}\n`)
}

/** How often it is looked whether the command of somebody else is taken off. */
const againMs = 100

/**
 * Only onto the object that was looked at: one of the same name that came since is another. A command that stands there
 * and is not answered yet is not written over.
 */
async function write(
  { cluster }: Connected,
  { resource, object, namespace, name }: Entry,
  annotations: Readonly<Record<string, string>>,
  { dryRun, withinMs }: Asked,
): Promise<void> {
  const { clock } = cluster.ports
  const until = clock.monotonic() + withinMs
  let now = object
  for (;;) {
    const { uid, resourceVersion, annotations: standing = {} } = now.metadata
    if (uid !== object.metadata.uid)
      throw new RefusedError(
        `${resource.name}/${name} was deleted and made anew meanwhile; look at it again`,
      )
    const isFree = Object.keys(annotations).every((key) => standing[key] === undefined)
    const metadata = { resourceVersion, annotations }
    if (isFree && (await tried(cluster, resource, { namespace, name }, { metadata }, dryRun)))
      return
    if (clock.monotonic() > until)
      throw new TimeoutError(
        `${resource.name}/${name}: another command stands on it that no controller has answered yet (is it running?)`,
      )
    if (!isFree) await sleep(clock, againMs)
    now = await cluster.get(resource.kind, { namespace, name })
  }
}

/** False where the object changed meanwhile. */
async function tried(
  cluster: Cluster,
  { kind }: Door,
  at: ObjectName,
  body: object,
  dryRun: DryRun,
): Promise<boolean> {
  try {
    await cluster.patch(kind, at, 'merge', body, {
      dryRun: dryRun === 'server',
      fieldManager: 'headgate-cli',
    })
    return true
  } catch (error) {
    if (isKube(error, 'Conflict')) return false
    throw error
  }
}
