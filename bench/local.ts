/** The local cluster: how soon it is ready, and what it weighs before the first pod. */
import { setTimeout as sleep } from 'node:timers/promises'
import { bundled } from './bundled.ts'
import { fromSource, type Program, startChild } from './child.ts'
import { mebibytes, milliseconds, type Row, spread } from './table.ts'

const times = 3
const args = ['local', '--no-controller', '--output', 'json', '--gateway-port', '0']

/** What is wanted is 150 MB and two seconds. */
const limitBytes = 150 * 2 ** 20
const limitMs = 2000

export async function localRows(): Promise<readonly Row[]> {
  return [
    ...(await rowsOf('the bundle', { path: await bundled() })),
    ...(await rowsOf('source', fromSource)),
  ]
}

async function rowsOf(from: string, program: Program): Promise<readonly Row[]> {
  const ready: number[] = []
  const resident: number[] = []
  for (let run = 0; run < times; run += 1) {
    const child = await startChild(program, args, '"apiServer"')
    try {
      await sleep(1000)
      ready.push(child.readyMs)
      resident.push((await child.resident()).now)
    } finally {
      await child.stop()
    }
  }
  const time = spread(ready)
  const size = spread(resident)
  return [
    {
      id: 'local',
      what: `local cluster without controller, from ${from}: start to ready, ${times} runs`,
      value: `median ${milliseconds(time.median)}, max ${milliseconds(time.max)}`,
      target: '≤ 2 s',
      met: time.max <= limitMs,
    },
    {
      id: 'local',
      what: `local cluster without controller and pods, from ${from}: RSS`,
      value: `median ${mebibytes(size.median)}, max ${mebibytes(size.max)}`,
      target: '≤ 150 MiB',
      met: size.max <= limitBytes,
    },
  ]
}
