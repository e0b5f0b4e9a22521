/** `headgate history`: the revisions that are there, and what was decided, when, by whom and on which numbers. */
import { formatInstant, parseInstant } from '#core/time.ts'
import { systemPorts } from '#kube/system.ts'
import type { Entry } from '#releases/entry.ts'
import { UsageError } from '#releases/errors.ts'
import { findEntry } from '#releases/find.ts'
import { imagesOf, type RevisionPart, revisionsOf } from '#releases/parts.ts'
import { stepOfRecord } from '#releases/words.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'
import { ageOf } from '../show/age.ts'
import { printed } from '../show/output.ts'
import { type Cell, table } from '../show/table.ts'
import { type Colour, harmless, type Paint, terminalOf } from '../show/terminal.ts'

export type HistoryCommand = ClusterOptions & { readonly output?: string }

export async function history(name: string, options: HistoryCommand): Promise<void> {
  const { output } = options
  if (output !== undefined && output !== 'json' && output !== 'yaml')
    throw new UsageError(`--output ${output} is unknown; write json or yaml`)
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const revisions = await revisionsOf(connected.cluster, entry)
    if (output !== undefined)
      return void process.stdout.write(await printed({ kind: output }, valuesOf(entry, revisions)))
    const now = systemPorts().clock.now()
    const { paint } = terminalOf(process.stdout)
    const lines = [
      ...revisionLines(entry, revisions, { now, paint }),
      '',
      ...decisionLines(entry, paint),
    ]
    process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  })
}

function stateOf({ book }: Entry, { revision, roles }: RevisionPart): string {
  const [first] = roles
  if (first !== undefined) return roles.join(', ')
  const failure = book?.failed.findLast((one) => one.revision === revision)
  return failure === undefined ? 'earlier' : `failed: ${failure.reason}`
}

function stateCell(text: string, paint: Paint): Cell {
  const painted = harmless(text)
  return { text, painted: text.startsWith('failed') ? paint('red', painted) : painted }
}

/** What went forward to its end, what somebody said in vain, and what went back. */
const colours: Readonly<Record<string, Colour>> = {
  Complete: 'green',
  Refuse: 'yellow',
  Abort: 'red',
  Retreat: 'red',
  Return: 'red',
}

function actionCell(action: string, paint: Paint): Cell {
  const colour = colours[action]
  const text = harmless(action)
  return { text: action, painted: colour === undefined ? text : paint(colour, text) }
}

function revisionLines(
  entry: Entry,
  revisions: readonly RevisionPart[],
  { now, paint }: { readonly now: number; readonly paint: Paint },
): readonly string[] {
  if (revisions.length === 0) return ['No revision has come up yet.']
  const rows = revisions.map((part) => [
    part.revision,
    part.workloads.map(({ object }) => imagesOf(object.spec.template)).join(', '),
    stateCell(stateOf(entry, part), paint),
    ageOf(parseInstant(part.createdAt), now),
  ])
  return table(['REVISION', 'IMAGE', 'STATE', 'AGE'], rows)
}

/** Oldest first, so that the newest stands above the prompt. */
function decisionLines({ book }: Entry, paint: Paint): readonly string[] {
  const decisions = book?.decisions ?? []
  if (decisions.length === 0) return ['Nothing was decided yet.']
  const rows = decisions.map((record) => [
    formatInstant(record.at),
    actionCell(record.action, paint),
    record.revision,
    String(stepOfRecord(record) ?? '-'),
    record.by ?? '-',
    record.message,
  ])
  return table(['TIME', 'WHAT', 'REVISION', 'STEP', 'BY', 'WHY'], rows)
}

function valuesOf(entry: Entry, revisions: readonly RevisionPart[]): object {
  return {
    revisions: revisions.map((part) => ({
      revision: part.revision,
      roles: part.roles,
      state: stateOf(entry, part),
      createdAt: part.createdAt,
      workloads: part.workloads.map(({ object }) => ({
        kind: object.kind,
        name: object.metadata.name,
        images: object.spec.template.spec.containers.map(({ image }) => image),
      })),
    })),
    decisions: (entry.book?.decisions ?? []).map(({ at, ...one }) => ({
      at: formatInstant(at),
      ...one,
    })),
  }
}
