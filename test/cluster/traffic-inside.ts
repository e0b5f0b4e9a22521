/**
 * A process of its own: steady traffic from inside a network namespace, where gateway and pods are. It begins once a pod
 * has answered for each host, tells what it has counted, and ends with its standard input.
 */
import { systemClock } from '#kube/system.ts'
import { startTraffic, type TrafficCounts } from '#local/traffic/traffic.ts'

/** The one argument, as JSON. */
export type TrafficOrder = {
  readonly url: string
  readonly hosts: readonly string[]
  /** To each host. */
  readonly perSecond: number
}

/** A line on standard output, as JSON; by host. */
export type TrafficReport = Readonly<Record<string, TrafficCounts & { readonly first: FirstSeen }>>

/** When the first answer of a version came, in milliseconds since the Unix epoch. */
export type FirstSeen = Readonly<Record<string, number>>

const tellEveryMs = 200
/** A machine that is busy with other things makes the traffic slower, not a queue that no pod could answer in time. */
const atOnce = 16
const clock = systemClock()
const { url, hosts, perSecond } = JSON.parse(process.argv[2] ?? '') as TrafficOrder

/** @throws Error when nobody does within half a minute. */
async function answered(host: string): Promise<void> {
  let last: TrafficCounts | undefined
  for (let tries = 0; tries < 300; tries += 1) {
    last = await startTraffic({ url, host, perSecond: 10, limit: 1, clock }).done
    if (Object.keys(last.versions).length > 0) return
  }
  throw new Error(`no pod answers for ${host}: ${last?.drops.join(', ')}`)
}

await Promise.all(hosts.map(answered))
const running = hosts.map((host) => {
  const first: Record<string, number> = {}
  const heard = (version: string): void => {
    first[version] ??= clock.now()
  }
  return { host, first, traffic: startTraffic({ url, host, perSecond, atOnce, heard, clock }) }
})
const tell = (): void => {
  const report: TrafficReport = Object.fromEntries(
    running.map(({ host, first, traffic }) => [host, { ...traffic.counts(), first }]),
  )
  process.stdout.write(`${JSON.stringify(report)}\n`)
}
let cancel = (): void => {}
const again = (): void => {
  tell()
  cancel = clock.after(tellEveryMs, again)
}
again()
process.stdin.resume().once('end', () => {
  cancel()
  void Promise.all(running.map(({ traffic }) => traffic.stop())).then(tell)
})
