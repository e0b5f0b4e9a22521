/** Traffic inside a real cluster's namespace, seen from a test outside. */
import { fileURLToPath } from 'node:url'
import { startInside } from './inside-process.ts'
import type { TrafficOrder, TrafficReport } from './traffic-inside.ts'

export type InsideTraffic = {
  readonly report: () => TrafficReport
  /** Rejects when its process ends by itself; never resolves. */
  readonly ended: Promise<never>
  /** Stops and awaits what is under way. */
  readonly stop: () => Promise<TrafficReport>
}

/** Resolves when it is under way, which is after the first answers. @throws Error when its process ends before. */
export async function trafficInside(pid: number, order: TrafficOrder): Promise<InsideTraffic> {
  const program = fileURLToPath(new URL('./traffic-inside.ts', import.meta.url))
  const { child, ended } = startInside(pid, [process.execPath, program, JSON.stringify(order)])
  let latest: TrafficReport = {}
  let heard = (): void => {}
  const first = new Promise<void>((resolve) => {
    heard = resolve
  })
  const alone = ended.then(() => {
    throw new Error('the traffic ended by itself')
  })
  alone.catch(() => undefined)
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    const last = lines.at(-1)
    if (last === undefined) return
    latest = JSON.parse(last) as TrafficReport
    heard()
  })
  await Promise.race([first, alone])
  return {
    report: () => latest,
    ended: alone,
    stop: async () => {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.stdin?.end()
      await closed
      return latest
    },
  }
}
