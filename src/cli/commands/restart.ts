/** `headgate restart`: a new revision of the same template, which goes the same way as any other. */
import { formatInstant } from '#core/time.ts'
import { dryRunOf, dryWords } from '../acts/dry-run.ts'
import { askFor, templateIn, versionNow } from '../acts/version.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'
import { fullName } from '../releases/entry.ts'
import { findEntry } from '../releases/find.ts'

export type RestartCommand = ClusterOptions & { readonly dryRun?: string }

/** As `kubectl rollout restart` writes it. */
const annotation = 'kubectl.kubernetes.io/restartedAt'

export async function restart(name: string, options: RestartCommand): Promise<void> {
  const dryRun = dryRunOf(options.dryRun)
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const now = await versionNow(connected, entry, 'restart')
    const template = templateIn(entry, now, 'restart')
    const { metadata } = template
    const at = formatInstant(connected.cluster.ports.clock.now())
    const annotations = { ...metadata?.annotations, [annotation]: at }
    await askFor(connected, now, { ...template, metadata: { ...metadata, annotations } }, dryRun)
    process.stdout.write(`${fullName(entry)}: restarted, as a new revision${dryWords(dryRun)}\n`)
  })
}
