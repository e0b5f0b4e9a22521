/** M6 and M8: requests of a five-step canary, and the time each step takes when nothing makes it wait. */
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from './bounded.ts'
import { type BenchCluster, startBenchCluster } from './cluster.ts'
import { type Controlled, control } from './controlled.ts'
import { byVerbAndKind, type Counted, isRouteWrite, isWork } from './counting.ts'
import { install, isDone, namespace, releaseOf, setImage } from './objects.ts'
import { milliseconds, type Row, spread } from './table.ts'

type Run = { readonly requests: readonly Counted[]; readonly stepsMs: readonly number[] }

export async function canaryRows(): Promise<readonly Row[]> {
  const cluster = await startBenchCluster()
  const controlled = await control(cluster)
  try {
    const atOnce = await runs(cluster, controlled, 'zero', '0s', 20)
    const byDefault = await runs(cluster, controlled, 'usual', undefined, 8)
    return [
      requestRow('without settle time', atOnce),
      requestRow('with the default settle time', byDefault),
      stepRow('`traffic.settle: 0s`', atOnce, '≤ 10 ms', 10),
      stepRow('default settle time (200 ms for this gateway)', byDefault),
    ]
  } finally {
    await controlled.stop()
    await cluster.stop()
  }
}

async function runs(
  cluster: BenchCluster,
  controlled: Controlled,
  name: string,
  settle: string | undefined,
  times: number,
): Promise<readonly Run[]> {
  const seen = () => cluster.releases.get(`${namespace}/${name}`)
  await install(cluster, releaseOf(name, settle))
  await until(`${name} serves`, cluster.releases, () => isDone(seen(), 'Completed'))
  const done: Run[] = []
  await sleep(quietMs)
  controlled.requests.length = 0
  for (let run = 1; run <= times; run += 1) {
    const generation = await setImage(cluster, name, `shop:v${run}`)
    await until(`${name} is promoted`, cluster.releases, () =>
      isDone(seen(), 'Completed', generation),
    )
    await sleep(quietMs)
    // Taken out whole: what comes later still is counted for the next run, never lost.
    const requests = controlled.requests.splice(0).filter(isWork)
    done.push({ requests, stepsMs: stepTimes(requests) })
  }
  return done
}

// Scaling down and Events come after the end; they belong to the canary all the same.
const quietMs = 400

/** Milliseconds between the route writes of 20, 40, 60, 80 and 100. */
function stepTimes(requests: readonly Counted[]): readonly number[] {
  const writes = requests
    .filter(isRouteWrite)
    .slice(0, 5)
    .map(({ answeredAt }) => answeredAt)
  return writes.slice(1).map((at, index) => at - (writes[index] ?? at))
}

function requestRow(how: string, all: readonly Run[]): Row {
  const counts = all.map(({ requests }) => requests.length)
  const { median, max } = spread(counts)
  const typical = all.find(({ requests }) => requests.length === median)
  return {
    id: 'M6',
    what: `API requests of a five-step canary, ${how}, ${all.length} runs`,
    value: `median ${median}, max ${max} (${byVerbAndKind(typical?.requests ?? [])})`,
    target: '≤ 16',
    met: max <= 16,
  }
}

function stepRow(how: string, all: readonly Run[], target = '', limitMs?: number): Row {
  const times = all.flatMap(({ stepsMs }) => stepsMs)
  const { median, max } = spread(times)
  return {
    id: 'M8',
    what: `from one route write to the next, no pauses, ${how}, ${times.length} steps`,
    value: `median ${milliseconds(median)}, max ${milliseconds(max)}`,
    target,
    met: limitMs === undefined ? undefined : median <= limitMs,
  }
}
