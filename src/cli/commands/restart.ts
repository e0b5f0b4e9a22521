/** `headgate restart`: a new revision of the same template, which goes the same way as any other. */
import { restarting } from '#releases/acts/change.ts'
import { fullName } from '#releases/entry.ts'
import { findEntry } from '#releases/find.ts'
import { asked } from '../acts/asked.ts'
import { dryRunOf, dryWords } from '../acts/dry-run.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'

export type RestartCommand = ClusterOptions & { readonly dryRun?: string }

export async function restart(name: string, options: RestartCommand): Promise<void> {
  const dryRun = dryRunOf(options.dryRun)
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const change = await restarting(connected, entry)
    await asked(connected, entry, change, { verb: 'restart', dryRun })
    process.stdout.write(`${fullName(entry)}: restarted, as a new revision${dryWords(dryRun)}\n`)
  })
}
