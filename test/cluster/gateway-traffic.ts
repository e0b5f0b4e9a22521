/** Traffic inside a real cluster's namespace, seen from a test outside. */
import { fileURLToPath } from 'node:url'
import { startInside } from './inside-process.ts'
import type { TrafficOrder, TrafficReport } from './traffic-inside.ts'

export type InsideTraffic = {
  readonly report: () => TrafficReport
  /** Resolves once so many requests have had their answer, of all hosts together. */
  readonly reach: (requests: number) => Promise<void>
  /** Stops and awaits what is under way. */
  readonly stop: () => Promise<TrafficReport>
}

/** Resolves when it is under way, which is after the first answers. @throws Error when its process ends before. */
export async function trafficInside(pid: number, order: TrafficOrder): Promise<InsideTraffic> {
  const program = fileURLToPath(new URL('./traffic-inside.ts', import.meta.url))
  const { child, ended } = startInside(pid, [process.execPath, program, JSON.stringify(order)])
  let latest: TrafficReport = {}
  let heard = (): void => {}
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      heard = () => holds() && resolve()
      heard()
      void ended.then(() => reject(new Error('the traffic ended by itself')))
    })
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    const last = lines.at(-1)
    if (last !== undefined) latest = JSON.parse(last) as TrafficReport
    heard()
  })
  await until(() => Object.keys(latest).length > 0)
  return {
    report: () => latest,
    reach: (requests) => until(() => requestsOf(latest) >= requests),
    stop: async () => {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.stdin?.end()
      await closed
      return latest
    },
  }
}

export function requestsOf(report: TrafficReport): number {
  return Object.values(report).reduce((sum, { requests }) => sum + requests, 0)
}
