/** The image: what it weighs, and how soon a controller in it is ready, as a cluster would run it. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { confined, pulledBytes, unpackTree } from '../scripts/image/layout.ts'
import { makeImage } from '../scripts/image/main.ts'
import { architectures } from '../scripts/image/parts.ts'
import { startChild } from './child.ts'
import { startBenchCluster } from './cluster.ts'
import { mebibytes, milliseconds, type Row, spread } from './table.ts'

const times = 10
const limitMs = 300

export async function imageRows(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-image-'))
  try {
    const { folder: layout } = await makeImage(join(folder, 'layout'))
    const sizes = architectures.map((architecture) => ({
      ...{ id: 'image', target: '', met: undefined },
      what: `the image for ${architecture}, as it is pulled`,
      value: mebibytes(pulledBytes(layout, architecture)),
    }))
    const tree = join(folder, 'tree')
    unpackTree(layout, tree)
    return [...sizes, await startRow(tree)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @throws Error where nobody may make a root of his own: it needs root on Linux. */
async function startRow(tree: string): Promise<Row> {
  if (process.getuid?.() !== 0)
    throw new Error('to run in the tree of the image needs root on Linux')
  const cluster = await startBenchCluster()
  try {
    const kubeconfig = join(tree, 'tmp/kubeconfig')
    writeFileSync(kubeconfig, cluster.server.kubeconfig())
    chmodSync(kubeconfig, 0o644)
    const args = [
      ...['controller', '--kubeconfig', '/tmp/kubeconfig', '--lease-namespace', 'default'],
      ...['--health-address', '127.0.0.1:0'],
    ]
    const taken: number[] = []
    const cpu: number[] = []
    for (let run = 0; run < times; run += 1) {
      const program = { command: (words: readonly string[]) => confined(tree, words) }
      const child = await startChild(program, args, 'the controller watches')
      taken.push(child.readyMs)
      cpu.push(await child.cpuMs())
      await child.stop()
    }
    const { median, max } = spread(taken)
    return {
      id: 'image',
      what: `a controller in the image's tree, read-only, as its user: start → ready, ${times} runs`,
      value: `median ${milliseconds(median)}, max ${milliseconds(max)}; CPU of all threads ${milliseconds(spread(cpu).median)}`,
      target: `≤ ${limitMs} ms`,
      met: median <= limitMs,
    }
  } finally {
    await cluster.stop()
  }
}
