/** `headgate undo`: asks for an earlier revision again, by the template that its workload still has. */
import { undoing } from '#releases/acts/change.ts'
import { askFor } from '#releases/acts/version.ts'
import { fullName } from '#releases/entry.ts'
import { findEntry } from '#releases/find.ts'
import { dryRunOf, dryWords, writingOf } from '../acts/dry-run.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'

export type UndoCommand = ClusterOptions & {
  readonly toRevision?: string
  readonly dryRun?: string
}

export async function undo(name: string, options: UndoCommand): Promise<void> {
  const dryRun = dryRunOf(options.dryRun)
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const { now, next, revision } = await undoing(connected, entry, options.toRevision)
    if (dryRun !== 'client') await askFor(connected, now, next, writingOf(dryRun))
    const where = `${now.place.at.kind} ${now.place.at.name}`
    process.stdout.write(
      `${fullName(entry)}: revision ${revision} is asked for again${dryWords(dryRun)}; a manifest of ${where} kept elsewhere has to follow\n`,
    )
  })
}
