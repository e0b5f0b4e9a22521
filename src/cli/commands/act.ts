/** `headgate promote`, `pause`, `resume`, `abort`, `retry`: one annotation, and what became of it. */

import { endOfHold } from '#core/actions.ts'
import type { Verb } from '#core/model/app.ts'
import type { TemplateVerb } from '#core/template-changes.ts'
import { answerTo } from '#releases/acts/answer.ts'
import { actionFor } from '#releases/acts/meant.ts'
import { refusalOf } from '#releases/acts/verdict.ts'
import { whoAsks } from '#releases/acts/who.ts'
import { writeCommand } from '#releases/acts/writing.ts'
import { type Entry, fullName } from '#releases/entry.ts'
import { RefusedError, TimeoutError, UsageError } from '#releases/errors.ts'
import { findEntry } from '#releases/find.ts'
import { type DryRun, dryRunOf, dryWords, writingOf } from '../acts/dry-run.ts'
import { durationOf } from '../options.ts'
import { type ClusterOptions, type Connected, withCluster } from '../releases/connect.ts'
import { harmless, terminalOf } from '../show/terminal.ts'

export type ActCommand = ClusterOptions & {
  readonly candidate?: string
  readonly dryRun?: string
  readonly timeout: string
}

export type CommandVerb = Exclude<Verb, TemplateVerb>

/** Each in its turn, also after one that is refused; the first trouble is the command's. */
export async function act(
  verb: CommandVerb,
  names: readonly string[],
  options: ActCommand,
): Promise<void> {
  const dryRun = dryRunOf(options.dryRun)
  const withinMs = durationOf('--timeout', options.timeout)
  await withCluster(options, async (connected) => {
    const troubles: unknown[] = []
    for (const name of names) {
      try {
        const entry = await findEntry(connected, name)
        await one(connected, entry, { verb, candidate: options.candidate, dryRun, withinMs })
      } catch (error) {
        if (!isOfOne(error)) throw error
        troubles.push(error)
      }
    }
    for (const trouble of troubles.slice(1))
      process.stderr.write(`headgate: ${harmless((trouble as Error).message)}\n`)
    if (troubles.length > 0) throw troubles[0]
  })
}

/** Trouble of one release, which says nothing about the others. */
function isOfOne(error: unknown): boolean {
  return [RefusedError, TimeoutError, UsageError].some((kind) => error instanceof kind)
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
  // Before a controller has looked, there is none.
  const meant = action.revision === '' ? verb : `${verb} of revision ${action.revision}${bound}`
  const goesOn = verb === 'promote' || verb === 'promote-full'
  const also = goesOn && entry.book !== undefined ? endOfHold(entry.book) : ''
  // Nobody is told that something would be done which the engine is known to refuse.
  const why = dryRun === 'none' ? undefined : refusalOf(entry, action, ports.clock.now())
  if (why !== undefined)
    throw new RefusedError(`${fullName(entry)}: ${verb} would be refused: ${why}`)
  if (dryRun !== 'client')
    await writeCommand(cluster, entry, annotations, { ...writingOf(dryRun), withinMs })
  if (dryRun !== 'none')
    return say(entry, `${meant} would be asked for by ${action.by}${also}`, dryWords(dryRun))
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

function say(entry: Entry, message: string, aside: string = ''): void {
  const { paint, write } = terminalOf(process.stdout)
  write(`${harmless(`${fullName(entry)}: ${message}`)}${aside === '' ? '' : paint('dim', aside)}\n`)
}
