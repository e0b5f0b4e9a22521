/** M1 and M2: a controller process over HTTPS with no releases and with many settled ones; M7: what a restart asks for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from './bounded.ts'
import { type Child, startChild } from './child.ts'
import { type BenchCluster, startBenchCluster } from './cluster.ts'
import { control } from './controlled.ts'
import { byVerbAndKind, isWork } from './counting.ts'
import { install, isDone, releaseOf } from './objects.ts'
import { passRows } from './passes.ts'
import { kibibytes, mebibytes, milliseconds, type Row } from './table.ts'

const many = 1000
const restMs = 3000
const settleWithinMs = 90_000

type Memory = {
  readonly rss: number
  readonly peak: number
  readonly heap: number
  readonly collected: number
}

export async function memoryRows(): Promise<readonly Row[]> {
  const cluster = await startBenchCluster()
  const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-'))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, cluster.server.kubeconfig(), { mode: 0o600 })
  try {
    const empty = await withController(kubeconfig, (child) => measured(child))
    const grown = await withController(kubeconfig, async (child) => {
      await settleMany(cluster)
      return await measured(child)
    })
    const fresh = await withController(kubeconfig, (child) => measured(child))
    return [
      ...memoryTable(empty, grown, fresh),
      await restartRow(cluster),
      ...(await passRows(cluster)),
    ]
  } finally {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

type Measured = Memory & { readonly readyMs: number }

async function withController<T>(
  kubeconfig: string,
  use: (child: Child) => Promise<T>,
): Promise<T> {
  const args = [
    ...['controller', '--kubeconfig', kubeconfig, '--no-leader-elect'],
    ...['--health-address', '127.0.0.1:0', '--log-level', 'info'],
  ]
  const child = await startChild(args, 'the controller watches')
  try {
    return await use(child)
  } finally {
    await child.stop()
  }
}

async function measured(child: Child): Promise<Measured> {
  await sleep(restMs)
  const { now: rss, peak } = await child.resident()
  const heap = await child.liveHeap()
  const { now: collected } = await child.resident()
  return { rss, peak, heap, collected, readyMs: child.readyMs }
}

async function settleMany(cluster: BenchCluster): Promise<void> {
  const names = Array.from({ length: many }, (_, index) => `shop-${index}`)
  for (let from = 0; from < many; from += 50) {
    const some = names.slice(from, from + 50)
    await Promise.all(some.map((name) => install(cluster, releaseOf(name, '0s'))))
  }
  const settled = (): number =>
    [...cluster.releases.values()].filter((one) => isDone(one, 'Completed')).length
  const all = (): boolean => settled() === many
  await until(`${many} releases serve`, cluster.releases, all, settleWithinMs).catch(
    (error: Error) => {
      throw new Error(`${error.message}; ${settled()} do`)
    },
  )
}

function memoryTable(empty: Measured, grown: Measured, fresh: Measured): readonly Row[] {
  const text = ({ rss, peak, heap, collected }: Measured): string =>
    `RSS ${mebibytes(rss)} (peak ${mebibytes(peak)}, ${mebibytes(collected)} after a forced collection), live heap ${mebibytes(heap)}`
  const rssEach = (fresh.rss - empty.rss) / many
  const heapEach = (fresh.heap - empty.heap) / many
  const limit = (mib: number): number => mib * 2 ** 20
  const row = (id: string, what: string, value: string, target: string, met?: boolean): Row => ({
    id,
    what,
    value,
    target,
    met,
  })
  const count = many.toLocaleString('en')
  return [
    row('M2', 'controller, no releases', text(empty), '≤ 60 MiB', empty.rss <= limit(60)),
    row(
      'M2',
      `controller started over ${count} settled releases`,
      text(fresh),
      '≤ 85 MiB',
      fresh.rss <= limit(85),
    ),
    row(
      'M2',
      `controller that installed those ${count} itself`,
      text(grown),
      '≤ 85 MiB',
      grown.rss <= limit(85),
    ),
    row('M1', 'RSS per settled release', kibibytes(rssEach), '≤ 12 KiB', rssEach <= 12 * 1024),
    row('M1', 'live heap per release', kibibytes(heapEach), '≤ 6 KiB', heapEach <= 6 * 1024),
    row('M4', 'start of the process → watching, no releases', milliseconds(empty.readyMs), ''),
    row('M4', `start of the process → watching, ${count}`, milliseconds(fresh.readyMs), ''),
  ]
}

async function restartRow(cluster: BenchCluster): Promise<Row> {
  const controlled = await control(cluster)
  await sleep(restMs)
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
