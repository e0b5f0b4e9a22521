/** `headgate undo`: asks for an earlier revision again, by the template that its workload still has. */
import { undoing } from '#releases/acts/change.ts'
import { fullName } from '#releases/entry.ts'
import { findEntry } from '#releases/find.ts'
import { asked } from '../acts/asked.ts'
import { dryRunOf, dryWords } from '../acts/dry-run.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'

export type UndoCommand = ClusterOptions & {
  readonly toRevision?: string
  readonly dryRun?: string
}

export async function undo(name: string, options: UndoCommand): Promise<void> {
  const dryRun = dryRunOf(options.dryRun)
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const change = await undoing(connected, entry, options.toRevision)
    const { now, revision } = change
    await asked(connected, entry, change, { verb: 'undo', dryRun })
    const where = `${now.place.at.kind} ${now.place.at.name}`
    process.stdout.write(
      `${fullName(entry)}: revision ${revision} is asked for again${dryWords(dryRun)}; a manifest of ${where} kept elsewhere has to follow\n`,
    )
  })
}
