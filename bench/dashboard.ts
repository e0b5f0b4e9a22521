/** The dashboard's server: what a thousand releases, of which fifty change each second, cost it and its readers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kinds } from '#core/k8s/kinds.ts'
import { listen } from '#http/listen.ts'
import { sleep } from '#kube/ports.ts'
import { type Events, follow } from '#test/dashboard/stage.ts'
import { type Child, fromSource, startChild } from './child.ts'
import { type BenchCluster, startBenchCluster } from './cluster.ts'
import { namespace, releaseOf } from './objects.ts'
import { kibibytes, mebibytes, type Row } from './table.ts'

const releases = 1000
const changesPerSecond = 50
const lookMs = 10_000
const readers = 10

export async function dashboardRows(): Promise<readonly Row[]> {
  const cluster = await startBenchCluster()
  const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, cluster.server.kubeconfig(), { mode: 0o600 })
  for (let index = 0; index < releases; index += 1)
    await cluster.api.create(kinds.release, releaseOf(`app-${index}`, '0s'))
  const port = await freePort(cluster)
  const words = ['dashboard', '--kubeconfig', kubeconfig, '--address', `127.0.0.1:${port}`]
  const child = await startChild(fromSource, words, 'The dashboard')
  try {
    const first = await follow(port)
    await first.until<readonly unknown[]>('rows', ({ length }) => length === releases)
    const whole = first.bytes()
    const one = await measured(cluster, child, [first], 0)
    const again = await follow(port, '', undefined, first.last())
    await again.until('changed', () => true)
    const comingAgain = again.bytes()
    again.close()
    const more: Events[] = []
    for (let index = 1; index < readers; index += 1) more.push(await follow(port))
    const many = await measured(cluster, child, [first, ...more], 1)
    const { now } = await child.resident()
    for (const reader of [first, ...more]) reader.close()
    const what = `${releases.toLocaleString('en')} releases, ${changesPerSecond} changes a second`
    const share = (value: number): string => `${(value * 100).toFixed(1)} % of a core`
    return [
      row(`${what}: bytes of one change on the wire`, `${Math.round(one.bytesOfOne)} bytes`),
      row(`the list when a reader comes`, kibibytes(whole)),
      row(`what is told to one that comes again at once`, `${comingAgain} bytes`),
      row(`${what}: the server's time with one reader`, share(one.busy)),
      row(`${what}: the server's time with ${readers} readers`, share(many.busy)),
      row(`tellings a second to one reader, of at most ten`, one.tellings.toFixed(1)),
      row(`RSS of the server with ${releases.toLocaleString('en')} releases`, mebibytes(now)),
    ]
  } finally {
    await child.stop()
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function row(what: string, value: string): Row {
  return { id: 'dashboard', what, value, target: '', met: undefined }
}

async function freePort({ ports }: BenchCluster): Promise<number> {
  const free = await listen(createServer(), { host: '127.0.0.1', port: 0 }, ports.clock)
  await free.stop()
  return free.port
}

type Measured = {
  /** Of one changed release, for one reader. */
  readonly bytesOfOne: number
  readonly busy: number
  readonly tellings: number
}

async function measured(
  cluster: BenchCluster,
  child: Child,
  [first, ...others]: readonly [Events, ...Events[]],
  round: number,
): Promise<Measured> {
  const before = { bytes: first.bytes(), seen: first.all.length, cpu: await child.cpuMs() }
  const startedAt = performance.now()
  await change(cluster, round)
  const took = performance.now() - startedAt
  const cpu = (await child.cpuMs()) - before.cpu
  const told = first.all.slice(before.seen).filter(({ name }) => name === 'changed')
  const lines = told.reduce((sum, { data }) => sum + (data as readonly unknown[]).length, 0)
  if (others.some(({ all }) => all.length === 0)) throw new Error('a reader hears nothing')
  return {
    bytesOfOne: (first.bytes() - before.bytes) / lines,
    busy: cpu / took,
    tellings: (told.length * 1000) / took,
  }
}

/** One release after the other, each with another weight, evenly spread over the time. */
async function change({ api, ports }: BenchCluster, round: number): Promise<void> {
  const startedAt = performance.now()
  const pauseMs = 1000 / changesPerSecond
  for (let turn = 0; turn * pauseMs < lookMs; turn += 1) {
    const name = `app-${turn % releases}`
    const weight = (turn * 7) % 100
    const role = (wanted: number) => ({
      ...{ revision: '6f9c7d5b40', replicas: 1, ready: 1 },
      weight: { wanted, confirmed: wanted },
    })
    const status = {
      phase: 'Progressing',
      reason: {
        ...{ type: 'Settling', since: '2026-01-01T00:00:00.000Z' },
        message: `weights stable ${100 - weight}, canary ${weight} are accepted; the gateway is given time to follow (${round}.${turn})`,
      },
      stable: role(100 - weight),
      candidates: [{ name: 'canary', ...role(weight), revision: '7a1b2c3d4e' }],
    }
    const at = { namespace, name }
    await api.patch(kinds.release, at, 'merge', { status }, { subresource: 'status' })
    const ahead = startedAt + (turn + 1) * pauseMs - performance.now()
    if (ahead > 0) await sleep(ports.clock, ahead)
  }
}
