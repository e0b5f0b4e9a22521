/** M20 and start-up: what the bundle weighs, and how soon the command line answers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kinds } from '#core/k8s/kinds.ts'
import { bundled, bundleSize } from './bundled.ts'
import { fromSource } from './child.ts'
import { startBenchCluster } from './cluster.ts'
import { releaseOf } from './objects.ts'
import { milliseconds, type Row, spread } from './table.ts'

const times = 10
const releases = 100
const helpLimitMs = 150
const getLimitMs = 400

export async function startUpRows(): Promise<readonly Row[]> {
  const size = await bundleSize()
  return [
    {
      id: 'M20',
      what: 'the bundle of command line and controller, with all it needs but Node',
      value: `${(size / 2 ** 20).toFixed(1)} MiB`,
      target: '≤ 5 MB',
      met: size <= 5e6,
    },
    await row(['--help'], helpLimitMs, 'the bundle', await bundled()),
    await row(['--help'], undefined, 'source', fromSource.path),
    ...(await getRows()),
  ]
}

/** Against a server in this process that has a hundred releases. */
async function getRows(): Promise<readonly Row[]> {
  const cluster = await startBenchCluster()
  const folder = await mkdtemp(join(tmpdir(), 'headgate-start-up-'))
  try {
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, cluster.server.kubeconfig(), { mode: 0o600 })
    for (let index = 0; index < releases; index += 1)
      await cluster.api.create(kinds.release, releaseOf(`shop-${index}`, '0s'))
    const words = ['get', '--kubeconfig', kubeconfig]
    return [
      await row(words, getLimitMs, 'the bundle', await bundled()),
      await row(words, undefined, 'source', fromSource.path),
    ]
  } finally {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function row(
  words: readonly string[],
  limitMs: number | undefined,
  from: string,
  path: string,
): Promise<Row> {
  const taken: number[] = []
  for (let run = 0; run < times; run += 1) {
    const startedAt = performance.now()
    await once(spawn(process.execPath, [path, ...words], { stdio: 'ignore' }), 'exit')
    taken.push(performance.now() - startedAt)
  }
  const { median, max } = spread(taken)
  const [command = ''] = words
  const many = command === 'get' ? ` of ${releases} releases` : ''
  return {
    id: 'start',
    what: `\`headgate ${command}\`${many} from ${from}, ${times} runs`,
    value: `median ${milliseconds(median)}, max ${milliseconds(max)}`,
    target: limitMs === undefined ? '' : `≤ ${limitMs} ms`,
    met: limitMs === undefined ? undefined : median <= limitMs,
  }
}
