/** M20 and start-up: what the bundle weighs, and how soon the command line answers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { bundled, bundleSize } from './bundled.ts'
import { fromSource } from './child.ts'
import { milliseconds, type Row, spread } from './table.ts'

const times = 10
const limitMs = 150

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
    await helpRow('the bundle', await bundled()),
    await helpRow('source', fromSource.path),
  ]
}

async function helpRow(from: string, path: string): Promise<Row> {
  const taken: number[] = []
  for (let run = 0; run < times; run += 1) {
    const startedAt = performance.now()
    await once(spawn(process.execPath, [path, '--help'], { stdio: 'ignore' }), 'exit')
    taken.push(performance.now() - startedAt)
  }
  const { median, max } = spread(taken)
  return {
    id: 'start',
    what: `\`headgate --help\` from ${from}, ${times} runs`,
    value: `median ${milliseconds(median)}, max ${milliseconds(max)}`,
    target: from === 'source' ? '' : `≤ ${limitMs} ms`,
    met: from === 'source' ? undefined : median <= limitMs,
  }
}
