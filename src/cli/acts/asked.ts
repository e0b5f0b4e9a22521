/** Asks for another template as whoever runs the command; what could not be put on record is told beside it. */

import type { TemplateVerb } from '#core/template-changes.ts'
import { askAs } from '#releases/acts/asking.ts'
import type { TemplateChange } from '#releases/acts/change.ts'
import { whoAsks } from '#releases/acts/who.ts'
import type { Entry } from '#releases/entry.ts'
import type { Connected } from '../releases/connect.ts'
import { harmless } from '../show/terminal.ts'
import { type DryRun, writingOf } from './dry-run.ts'

export async function asked(
  { cluster }: Connected,
  entry: Entry,
  change: TemplateChange,
  { verb, dryRun }: { readonly verb: TemplateVerb; readonly dryRun: DryRun },
): Promise<void> {
  if (dryRun === 'client') return
  const said = { verb, id: cluster.ports.newId(), by: await whoAsks(cluster) }
  const silent = await askAs({ cluster }, entry, change, said, writingOf(dryRun))
  if (silent !== undefined) process.stderr.write(`headgate: ${harmless(silent)}\n`)
}
