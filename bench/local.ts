/** The local cluster: how soon it is ready, and what it weighs before the first pod. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from './child.ts'
import { mebibytes, milliseconds, type Row, spread } from './table.ts'

const times = 3
const args = ['local', '--no-controller', '--output', 'json', '--gateway-port', '0']

export async function localRows(): Promise<readonly Row[]> {
  const ready: number[] = []
  const resident: number[] = []
  for (let run = 0; run < times; run += 1) {
    const child = await startChild(args, '"apiServer"')
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
  const row = (what: string, value: string): Row => ({
    id: 'local',
    what,
    value,
    target: '',
    met: undefined,
  })
  return [
    row(
      `local cluster without controller, from start to ready, ${times} runs`,
      `median ${milliseconds(time.median)}, max ${milliseconds(time.max)}`,
    ),
    row(
      'local cluster without controller and pods, RSS',
      `median ${mebibytes(size.median)}, max ${mebibytes(size.max)}`,
    ),
  ]
}
