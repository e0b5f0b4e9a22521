/** `headgate undo`: asks for an earlier revision again, by the template that its workload still has. */
import { dryRunOf, dryWords } from '../acts/dry-run.ts'
import { earlierTemplate, revisionToUndo } from '../acts/earlier.ts'
import { askFor, versionNow } from '../acts/version.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'
import { fullName } from '../releases/entry.ts'
import { findEntry } from '../releases/find.ts'
import { revisionsOf } from '../releases/parts.ts'

export type UndoCommand = ClusterOptions & {
  readonly toRevision?: string
  readonly dryRun?: string
}

export async function undo(name: string, options: UndoCommand): Promise<void> {
  const dryRun = dryRunOf(options.dryRun)
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const now = await versionNow(connected, entry, 'undo')
    const revisions = await revisionsOf(connected.cluster, entry)
    const revision = revisionToUndo(entry, revisions, options.toRevision)
    const template = earlierTemplate(entry, revisions, revision)
    const next = now.place.kind === 'image' ? template.spec.containers[0]?.image : template
    await askFor(connected, now, next, dryRun)
    const where = `${now.place.at.kind} ${now.place.at.name}`
    process.stdout.write(
      `${fullName(entry)}: revision ${revision} is asked for again${dryWords(dryRun)}; a manifest of ${where} kept elsewhere has to follow\n`,
    )
  })
}
