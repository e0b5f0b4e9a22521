/** `headgate get`: all releases, or one with all that belongs to it; once, or as they change. */
import { systemPorts } from '#kube/system.ts'
import { type Entry, fullName } from '#releases/entry.ts'
import { UsageError } from '#releases/errors.ts'
import { findEntry, listEntries, type Wanted } from '#releases/find.ts'
import { follow } from '#releases/follow.ts'
import { revisionsOf } from '#releases/parts.ts'
import { type ClusterOptions, type Connected, withCluster } from '../releases/connect.ts'
import { detail } from '../releases/detail.ts'
import { type Columns, headings, row } from '../releases/rows.ts'
import { listOf, type Output, outputOf, printed, shorn } from '../show/output.ts'
import { aligned, table } from '../show/table.ts'
import { fitted, type Terminal, terminalOf } from '../show/terminal.ts'
import { stopSignal } from '../signals.ts'

export type GetCommand = ClusterOptions & {
  readonly allNamespaces?: boolean
  readonly selector?: string
  readonly output?: string
  readonly watch?: boolean
}

export async function get(names: readonly string[], options: GetCommand): Promise<void> {
  const output = outputOf(options.output)
  const terminal = terminalOf(process.stdout)
  if (names.length > 0 && (options.allNamespaces === true || options.selector !== undefined))
    throw new UsageError('a name stands alone; leave it out to use -A or -l')
  await withCluster(options, async (connected) => {
    if (options.watch === true) return watch(connected, { names, options, output, terminal })
    const entries =
      names.length === 0
        ? await listEntries(connected, wantedOf(connected, options))
        : await Promise.all(names.map((name) => findEntry(connected, name)))
    terminal.write(await shown(connected, entries, { names, options, output, terminal }))
  })
}

type Asked = {
  readonly names: readonly string[]
  readonly options: GetCommand
  readonly output: Output
  readonly terminal: Terminal
}

function wantedOf({ namespace }: Connected, { allNamespaces, selector }: GetCommand): Wanted {
  return { namespace: allNamespaces === true ? undefined : namespace, selector }
}

async function shown(
  { cluster, namespace }: Connected,
  entries: readonly Entry[],
  { names, options, output, terminal }: Asked,
): Promise<string> {
  if (output.kind === 'name') return entries.map((entry) => `${fullName(entry)}\n`).join('')
  const isTable = output.kind === 'table' || output.kind === 'wide'
  if (!isTable) {
    const [only] = entries
    const single = names.length === 1 && only !== undefined
    return printed(
      output,
      single ? shorn(only.object) : listOf(entries.map(({ object }) => object)),
    )
  }
  const now = systemPorts().clock.now()
  const { paint, width } = terminal
  const [only] = entries
  if (names.length === 1 && only !== undefined) {
    const revisions = await revisionsOf(cluster, only)
    const all = output.kind === 'wide'
    return lines(detail({ entry: only, revisions, now, paint, all }))
  }
  if (entries.length === 0) {
    const where = options.allNamespaces === true ? 'any namespace' : `namespace ${namespace}`
    process.stderr.write(`No releases found in ${where}.\n`)
    return ''
  }
  const columns = columnsOf({ options, output })
  const rows = entries.map((entry) => row(entry, columns, { now, paint }))
  // Only the sentence at the end of a wide table is longer than a terminal; it is what may be cut.
  const cut = output.kind === 'wide' && terminal.isTerminal ? width : undefined
  return lines(table(headings(columns), rows).map((line) => fitted(line, cut)))
}

function columnsOf({ options, output }: Pick<Asked, 'options' | 'output'>): Columns {
  return { namespaces: options.allNamespaces === true, wide: output.kind === 'wide' }
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('')
}

/** What is there, then one line for each change, until somebody ends it. */
async function watch(connected: Connected, asked: Asked): Promise<void> {
  const { names, options, output, terminal } = asked
  if (output.kind !== 'table' && output.kind !== 'wide' && output.kind !== 'name')
    throw new UsageError(`--watch prints lines; leave out --output ${options.output ?? ''}`)
  const entries = await Promise.all(names.map((name) => findEntry(connected, name)))
  const isMeant = (entry: Entry): boolean =>
    names.length === 0 || entries.some((one) => fullName(one) === fullName(entry))
  const wanted = wantedOf(connected, options)
  const columns = columnsOf({ options, output })
  let widths: readonly number[] | undefined
  const said = new Map<string, string>()
  const tell = (all: readonly Entry[]): void => {
    const now = systemPorts().clock.now()
    const { paint } = terminal
    const cells = all
      .filter(isMeant)
      .map((entry) => [entry, row(entry, columns, { now, paint })] as const)
    if (widths === undefined && output.kind !== 'name') {
      const [head = ''] = table(
        headings(columns),
        cells.map(([, one]) => one),
      )
      widths = columnWidths(head)
      terminal.write(`${head}\n`)
    }
    for (const [entry, one] of cells) {
      const key = `${entry.namespace}/${fullName(entry)}`
      const line = output.kind === 'name' ? fullName(entry) : aligned(one, widths ?? [])
      // Time alone is no change.
      const sign =
        output.kind === 'name'
          ? (entry.object.metadata.resourceVersion ?? '')
          : signOf(one, columns)
      if (said.get(key) === sign) continue
      said.set(key, sign)
      terminal.write(`${line}\n`)
    }
  }
  await follow(connected, wanted, tell, stopSignal())
}

function signOf(cells: ReturnType<typeof row>, columns: Columns): string {
  const ageAt = headings(columns).indexOf('AGE')
  return JSON.stringify(cells.filter((_, index) => index !== ageAt))
}

/** Where columns begin in a line of headings. */
function columnWidths(head: string): readonly number[] {
  return head.split(/(?<= {3})(?=\S)/).map((heading) => heading.length - 3)
}
