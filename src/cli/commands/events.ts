/** `headgate events`: what Kubernetes tells of a release, its workloads and its pods. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectRef } from '#core/k8s/meta.ts'
import { parseInstant } from '#core/time.ts'
import { systemPorts } from '#kube/system.ts'
import type { Entry } from '#releases/entry.ts'
import { UsageError } from '#releases/errors.ts'
import { findEntry, listEntries } from '#releases/find.ts'
import { revisionsOf } from '#releases/parts.ts'
import { type ClusterOptions, type Connected, withCluster } from '../releases/connect.ts'
import { ageOf } from '../show/age.ts'
import { listOf, printed } from '../show/output.ts'
import { aligned, type Cell, table, textOf } from '../show/table.ts'
import { harmless, terminalOf } from '../show/terminal.ts'
import { stopSignal } from '../signals.ts'

export type EventsCommand = ClusterOptions & {
  readonly allNamespaces?: boolean
  readonly watch?: boolean
  readonly output?: string
}

type EventObject = KubeObject & {
  readonly type?: string
  readonly reason?: string
  readonly action?: string
  readonly note?: string
  readonly eventTime?: string | null
  readonly series?: { readonly count: number; readonly lastObservedTime: string }
  readonly deprecatedCount?: number
  readonly deprecatedLastTimestamp?: string | null
  readonly regarding?: Partial<ObjectRef> & { readonly uid?: string }
}

/** Of one release with its workloads and pods; without a name, of all releases. */
export async function events(name: string | undefined, options: EventsCommand): Promise<void> {
  const { output, watch = false, allNamespaces = false } = options
  if (output !== undefined && output !== 'json' && output !== 'yaml')
    throw new UsageError(`--output ${output} is unknown; write json or yaml`)
  if (output !== undefined && watch)
    throw new UsageError('--watch prints lines; leave out --output')
  if (name !== undefined && allNamespaces)
    throw new UsageError('a name stands alone; leave it out to use -A')
  await withCluster(options, async (connected) => {
    const namespace = allNamespaces ? undefined : connected.namespace
    const isMeant = await about(connected, name, namespace)
    if (watch) return follow(connected, namespace, isMeant)
    const scope = namespace === undefined ? {} : { namespace }
    const { items } = await connected.cluster.list<EventObject>(kinds.event, scope)
    const found = items.filter(isMeant).toSorted((one, other) => at(one) - at(other))
    if (output !== undefined) {
      const typed = found.map((one) => ({ ...one, apiVersion: 'events.k8s.io/v1', kind: 'Event' }))
      return void process.stdout.write(await printed({ kind: output }, listOf(typed)))
    }
    if (found.length === 0) return void process.stderr.write('No events found.\n')
    const now = systemPorts().clock.now()
    const lines = table(
      headings,
      found.map((event) => row(event, now)),
    )
    process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  })
}

type IsMeant = (event: EventObject) => boolean

async function about(
  connected: Connected,
  name: string | undefined,
  namespace: string | undefined,
): Promise<IsMeant> {
  if (name === undefined) {
    const entries = await listEntries(connected, { namespace })
    const uids = new Set(entries.map(({ object }) => object.metadata.uid))
    return ({ regarding }) => uids.has(regarding?.uid)
  }
  const entry = await findEntry(connected, name)
  const { uid } = entry.object.metadata
  const workloads = await workloadNames(connected, entry)
  return ({ metadata, regarding }) =>
    regarding?.uid === uid ||
    // Pods that are gone have events still; they are known by the name of their workload.
    (metadata.namespace === entry.namespace &&
      workloads.some(
        (own) => regarding?.name === own || regarding?.name?.startsWith(`${own}-`) === true,
      ))
}

async function workloadNames({ cluster }: Connected, entry: Entry): Promise<readonly string[]> {
  const revisions = await revisionsOf(cluster, entry)
  return revisions.flatMap(({ workloads }) => workloads.map(({ object }) => object.metadata.name))
}

const headings = ['AGE', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']

function at({ metadata, eventTime, series, deprecatedLastTimestamp }: EventObject): number {
  const text =
    series?.lastObservedTime ?? eventTime ?? deprecatedLastTimestamp ?? metadata.creationTimestamp
  return parseInstant(text) ?? 0
}

function row(event: EventObject, now: number): readonly Cell[] {
  const { type = '', reason = '', note = '', regarding, series } = event
  const count = series?.count ?? event.deprecatedCount ?? 1
  return [
    ageOf(at(event), now),
    typeCell(type),
    reason,
    `${regarding?.kind ?? ''} ${regarding?.name ?? ''}`.trim(),
    count > 1 ? `${note} (${count} times)` : note,
  ]
}

function typeCell(type: string): Cell {
  const { paint } = terminalOf(process.stdout)
  const text = harmless(type)
  return { text: type, painted: type === 'Warning' ? paint('yellow', text) : text }
}

/** Those that are there and those that come, line by line. */
async function follow(
  { cluster }: Connected,
  namespace: string | undefined,
  isMeant: IsMeant,
): Promise<void> {
  const scope = namespace === undefined ? {} : { namespace }
  const cache = cluster.watch<EventObject>(kinds.event, scope)
  await cache.synced()
  const { clock } = cluster.ports
  const known = [...cache.values()].filter(isMeant).toSorted((one, other) => at(one) - at(other))
  const all = known.map((event) => row(event, clock.now()))
  const lines = table(headings, all)
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...all.map((one) => textOf(one[column] ?? '').length)),
  )
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  cache.subscribe((change) => {
    if (change.type === 'put' && isMeant(change.now))
      process.stdout.write(`${aligned(row(change.now, clock.now()), widths)}\n`)
  })
  await stopSignal()
  await cache.stop()
}
