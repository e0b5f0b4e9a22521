/** `headgate restart`: a new revision of the same template, which goes the same way as any other. */
import { restarting } from '#releases/acts/change.ts'
import { askFor } from '#releases/acts/version.ts'
import { fullName } from '#releases/entry.ts'
import { findEntry } from '#releases/find.ts'
import { dryRunOf, dryWords, writingOf } from '../acts/dry-run.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'

export type RestartCommand = ClusterOptions & { readonly dryRun?: string }

export async function restart(name: string, options: RestartCommand): Promise<void> {
  const dryRun = dryRunOf(options.dryRun)
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const { now, next } = await restarting(connected, entry)
    if (dryRun !== 'client') await askFor(connected, now, next, writingOf(dryRun))
    process.stdout.write(`${fullName(entry)}: restarted, as a new revision${dryWords(dryRun)}\n`)
  })
}
