/** M9: from a bad sample being returned to the route standing at zero. */
import type { Ask } from '#controller/ask.ts'
import { until } from './bounded.ts'
import { type BenchCluster, startBenchCluster } from './cluster.ts'
import { type Controlled, control } from './controlled.ts'
import { isRouteWrite } from './counting.ts'
import { install, isDone, namespace, releaseOf, setImage } from './objects.ts'
import { milliseconds, type Row, spread } from './table.ts'

const times = 20
const name = 'shop'

const plan = {
  strategy: { canary: { steps: [{ weight: 50 }, { pause: '5m' }] } },
  analysis: {
    provider: { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } },
    warmup: '0s',
    metrics: [{ name: 'errors', template: 'error-rate', max: 1, interval: '1s', failures: 1 }],
  },
}

export async function rollbackRows(): Promise<readonly Row[]> {
  const stamp = { returnedAt: Number.NaN }
  const ask: Ask = async (asked) => {
    const url = new URL(asked.kind === 'url' ? asked.url : 'http://nobody')
    const result = [{ metric: {}, value: [Number(url.searchParams.get('time')), '100'] }]
    const body = JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })
    stamp.returnedAt = performance.now()
    return { kind: 'answer', status: 200, body }
  }
  const cluster = await startBenchCluster()
  const controlled = await control(cluster, ask)
  try {
    await install(cluster, releaseOf(name, '0s', plan))
    await until('it serves', cluster.releases, () => isDone(seen(cluster), 'Completed'))
    const taken: number[] = []
    for (let run = 1; run <= times; run += 1) {
      stamp.returnedAt = Number.NaN
      taken.push(await turnBack(cluster, controlled, `shop:bad-${run}`, stamp))
    }
    return [rowOf(taken)]
  } finally {
    await controlled.stop()
    await cluster.stop()
  }
}

function seen({ releases }: BenchCluster) {
  return releases.get(`${namespace}/${name}`)
}

async function turnBack(
  cluster: BenchCluster,
  { requests }: Controlled,
  image: string,
  stamp: { readonly returnedAt: number },
): Promise<number> {
  requests.length = 0
  const generation = await setImage(cluster, name, image)
  await until(`${image} is turned back`, cluster.releases, () =>
    isDone(seen(cluster), 'Failed', generation),
  )
  const zero = requests.find(
    (request) => isRouteWrite(request) && request.answeredAt > stamp.returnedAt,
  )
  const weights = cluster.routes
    .get(`${namespace}/${name}`)
    ?.spec.rules?.[0]?.backendRefs?.map(({ weight }) => weight)
  if (zero === undefined || String(weights) !== '100,0')
    throw new Error(`the route of ${image} stands at ${weights}, not at 100,0`)
  return zero.answeredAt - stamp.returnedAt
}

function rowOf(taken: readonly number[]): Row {
  const { median, max } = spread(taken)
  return {
    id: 'M9',
    what: `bad sample returned → route at zero committed, ${taken.length} runs`,
    value: `median ${milliseconds(median)}, max ${milliseconds(max)}`,
    target: 'median ≤ 12 ms, max ≤ 50 ms',
    met: median <= 12 && max <= 50,
  }
}
