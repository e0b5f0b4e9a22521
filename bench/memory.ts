/** M1 and M2: a controller process over HTTPS with no releases and with many settled ones; M7: what a restart asks for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from './bounded.ts'
import { bundled } from './bundled.ts'
import { type Child, type Program, startChild } from './child.ts'
import { type BenchCluster, startBenchCluster } from './cluster.ts'
import { control } from './controlled.ts'
import { byVerbAndKind, isWork } from './counting.ts'
import { floorOf } from './floor.ts'
import { install, isDone, releaseOf } from './objects.ts'
import { passRows } from './passes.ts'
import { kibibytes, mebibytes, milliseconds, type Row } from './table.ts'

const many = 1000
/** Long enough for the controller to have tidied up after a busy time. */
const restMs = 15_000
const settleWithinMs = 90_000

type Memory = {
  readonly rss: number
  readonly peak: number
  readonly readyMs: number
}

export async function memoryRows(): Promise<readonly Row[]> {
  const cluster = await startBenchCluster()
  const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-'))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, cluster.server.kubeconfig(), { mode: 0o600 })
  const program = { path: await bundled() }
  const withController = <T>(use: (child: Child) => Promise<T>, probed = false): Promise<T> =>
    startedOver(kubeconfig, { ...program, probed }, use)
  try {
    const empty = await withController(measured)
    const emptyHeap = await withController(heapOf, true)
    const grown = await withController(async (child) => {
      await settle(cluster, 'shop')
      return await measured(child)
    })
    const fresh = await withController(measured)
    const heap = await withController(heapOf, true)
    const floor = await floorOf(kubeconfig)
    const others = [await restartRow(cluster), ...(await passRows(cluster))]
    await withController(() => settle(cluster, 'more'))
    const twiceHeap = await withController(heapOf, true)
    const table = memoryTable({ empty, grown, fresh, emptyHeap, heap, twiceHeap, floor })
    return [...table, ...others]
  } finally {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function startedOver<T>(
  kubeconfig: string,
  program: Program,
  use: (child: Child) => Promise<T>,
): Promise<T> {
  const args = [
    ...['controller', '--kubeconfig', kubeconfig, '--lease-namespace', 'default'],
    ...['--health-address', '127.0.0.1:0', '--log-level', 'info'],
  ]
  const child = await startChild(program, args, 'the controller watches')
  try {
    return await use(child)
  } finally {
    await child.stop()
  }
}

async function measured(child: Child): Promise<Memory> {
  await sleep(restMs)
  const { now: rss, peak } = await child.resident()
  return { rss, peak, readyMs: child.readyMs }
}

async function heapOf(child: Child): Promise<number> {
  await sleep(5000)
  return await child.liveHeap()
}

/** Installs so many releases, and waits until all there are serve. */
async function settle(cluster: BenchCluster, prefix: string): Promise<void> {
  const before = cluster.releases.size()
  const names = Array.from({ length: many }, (_, index) => `${prefix}-${index}`)
  for (let from = 0; from < many; from += 50) {
    const some = names.slice(from, from + 50)
    await Promise.all(some.map((name) => install(cluster, releaseOf(name, '0s'))))
  }
  const settled = (): number =>
    [...cluster.releases.values()].filter((one) => isDone(one, 'Completed')).length
  const all = (): boolean => settled() === before + many
  await until(`${many} more releases serve`, cluster.releases, all, settleWithinMs).catch(
    (error: Error) => {
      throw new Error(`${error.message}; ${settled()} do`)
    },
  )
}

type Measured = {
  readonly empty: Memory
  readonly grown: Memory
  readonly fresh: Memory
  readonly emptyHeap: number
  readonly heap: number
  /** With as many releases again. */
  readonly twiceHeap: number
  readonly floor: number
}

function memoryTable(measures: Measured): readonly Row[] {
  const { empty, grown, fresh, emptyHeap, heap, twiceHeap, floor } = measures
  const text = ({ rss, peak }: Memory, live?: number): string =>
    `RSS ${mebibytes(rss)} (peak ${mebibytes(peak)})${live === undefined ? '' : `, live heap ${mebibytes(live)}`}`
  const rssEach = (fresh.rss - empty.rss) / many
  const heapEach = (twiceHeap - heap) / many
  const limit = (mib: number): number => mib * 2 ** 20
  const row = (id: string, what: string, value: string, target = '', met?: boolean): Row => ({
    id,
    what,
    value,
    target,
    met,
  })
  const count = many.toLocaleString('en')
  const under = (mib: number, { rss }: Memory): [string, boolean] => [
    `≤ ${mib} MiB`,
    rss <= limit(mib),
  ]
  return [
    row('M2', 'controller, no releases', text(empty, emptyHeap), ...under(60, empty)),
    row(
      'M2',
      `controller started over ${count} settled releases`,
      text(fresh, heap),
      ...under(85, fresh),
    ),
    row('M2', `controller that installed those ${count} itself`, text(grown), ...under(85, grown)),
    row('M2', 'for comparison: Node alone, an HTTP listener and one TLS request', mebibytes(floor)),
    row('M1', 'RSS per settled release', kibibytes(rssEach), '≤ 12 KiB', rssEach <= 12 * 1024),
    row(
      'M1',
      'live heap per further release',
      kibibytes(heapEach),
      '≤ 6 KiB',
      heapEach <= 6 * 1024,
    ),
    row('M4', 'start of the process → watching, no releases', milliseconds(empty.readyMs)),
    row('M4', `start of the process → watching, ${count}`, milliseconds(fresh.readyMs)),
  ]
}

async function restartRow(cluster: BenchCluster): Promise<Row> {
  const controlled = await control(cluster)
  await sleep(3000)
  await controlled.stop()
  const work = controlled.requests.filter(isWork)
  return {
    id: 'M7',
    what: `requests of a restart over ${many.toLocaleString('en')} settled releases, lists and watches aside`,
    value: work.length === 0 ? 'none' : byVerbAndKind(work),
    target: 'none',
    met: work.length === 0,
  }
}
