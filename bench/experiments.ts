/** 100 experiments over 10 workspaces ramp at once: from the sending of each event to its weight standing in the route. */
import { kinds } from '#core/k8s/kinds.ts'
import { superpositionFace } from '#doors/superposition/entry.ts'
import { experimentKind } from '#doors/superposition/experiment.ts'
import { start } from '#doors/superposition/face.ts'
import { strictRules } from '#kube/address-guard.ts'
import { connectTo } from '#kube/connect.ts'
import { silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { sendDirect } from '#kube/transport.ts'
import { established } from '#local/definitions.ts'
import { readConfiguration } from '#local/superposition/configuration.ts'
import { startSuperposition } from '#local/superposition/start.ts'
import { until, within } from './bounded.ts'
import { type BenchCluster, startBenchCluster } from './cluster.ts'
import { control } from './controlled.ts'
import { namespace } from './objects.ts'
import { milliseconds, type Row, spread } from './table.ts'

const workspaces = Array.from({ length: 10 }, (_, index) => `shop-${index}`)
const each = Array.from({ length: 10 }, (_, index) => index)

type Sent = {
  readonly workspace: string
  readonly id: string
  readonly sentAt: number
  readonly answeredAt: number
}

export async function experimentRows(): Promise<readonly Row[]> {
  const cluster = await startBenchCluster()
  const configuration = readConfiguration({ base: { replicas: 1, 'container.image': 'shop:v1' } })
  const superposition = await startSuperposition({ clock: cluster.ports.clock, configuration })
  for (const crd of superpositionFace.crds)
    await cluster.api.create(kinds.customResourceDefinition, crd)
  await established(
    cluster.api,
    superpositionFace.crds.map(({ metadata }) => metadata.name),
  )
  const controlled = await control(cluster)
  const client = connectTo(cluster.server.transport(), cluster.ports)
  const face = await start({
    cluster: client,
    clock: cluster.ports.clock,
    reach: reachThrough({ cluster: client, way: 'proxy', rules: strictRules, direct: sendDirect }),
    log: silentLog,
    address: { host: '127.0.0.1', port: 0 },
    options: { superpositionRouter: 'gateway-api' },
    env: { SUPERPOSITION_URL: superposition.url, NAMESPACE: namespace },
    instance: 'bench',
  })
  face.lead(() => true)
  try {
    for (const workspace of workspaces)
      await cluster.api.create(kinds.httpRoute, routeFor(workspace))
    await sendAll(face.port, 'ExperimentStarted', 1, 1)
    await until(
      'all variants have one per cent',
      cluster.routes,
      () => standing(cluster, 1) === 100,
      120_000,
    )
    const arrived = new Map<string, number>()
    const end = cluster.routes.subscribe(() => {
      for (const name of namesAt(cluster, 5))
        if (!arrived.has(name)) arrived.set(name, performance.now())
    })
    const sent = await sendAll(face.port, 'ExperimentInprogress', 5, 2)
    await until(
      'all variants have five per cent',
      cluster.routes,
      () => standing(cluster, 5) === 100,
      120_000,
    )
    end()
    const records = await cluster.api.list(experimentKind)
    if (records.items.length !== 100)
      throw new Error(`${records.items.length} records instead of 100`)
    const taken = sent.map(
      ({ workspace, id, sentAt }) =>
        (arrived.get(`${workspace}-service-${id}-b`) ?? Number.NaN) - sentAt,
    )
    return rowsOf(
      taken,
      sent.map(({ sentAt, answeredAt }) => answeredAt - sentAt),
    )
  } finally {
    await within('the parts stop', Promise.all([face.stop(), controlled.stop()]), 10_000)
    await client.close()
    await superposition.stop()
    await cluster.stop()
  }
}

function routeFor(workspace: string) {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `${workspace}-route`, namespace },
    spec: {
      parentRefs: [{ name: 'gateway' }],
      rules: [{ backendRefs: [{ name: `${workspace}-service`, port: 80 }] }],
    },
  }
}

/** Services of variants whose weight in their route is this. */
function namesAt({ routes }: BenchCluster, weight: number): readonly string[] {
  return [...routes.values()].flatMap(({ spec }) =>
    (spec.rules?.[0]?.backendRefs ?? []).flatMap((ref) =>
      ref.weight === weight && ref.name.endsWith('-b') ? [ref.name] : [],
    ),
  )
}

function standing(cluster: BenchCluster, weight: number): number {
  return namesAt(cluster, weight).length
}

async function sendAll(
  port: number,
  event: string,
  traffic: number,
  second: number,
): Promise<readonly Sent[]> {
  const one = async (workspace: string, number: number): Promise<Sent> => {
    const id = `${workspace.slice(5)}00${number}`
    const sentAt = performance.now()
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          event_info: { webhook_event: event, workspace_id: workspace },
          payload: {
            id,
            context: { namespace },
            last_modified: `2026-11-21T10:00:0${second}Z`,
            traffic_percentage: traffic,
            variants: [
              { id: `${id}-a`, variant_type: 'CONTROL' },
              { id: `${id}-b`, variant_type: 'EXPERIMENTAL' },
            ],
          },
        }),
      })
      await answer.text()
      // Too many at a time: like Superposition, we send it again.
      if (answer.status !== 503) return { workspace, id, sentAt, answeredAt: performance.now() }
    }
  }
  return Promise.all(
    workspaces.flatMap((workspace) => each.map((number) => one(workspace, number))),
  )
}

function rowsOf(taken: readonly number[], answered: readonly number[]): readonly Row[] {
  const sorted = taken.toSorted((one, other) => one - other)
  const p99 = sorted[Math.floor(sorted.length * 0.99) - 1] ?? Number.NaN
  const row = { id: 'S', target: '', met: undefined }
  return [
    {
      ...row,
      what: '100 experiments over 10 workspaces ramp at once: event → weight in the route',
      value: `p50 ${milliseconds(spread(taken).median)}, p99 ${milliseconds(p99)}`,
    },
    {
      ...row,
      what: 'the same: event → answer, once it is written down',
      value: `p50 ${milliseconds(spread(answered).median)}, max ${milliseconds(spread(answered).max)}`,
      target: 'max ≤ 1,000 ms',
      met: spread(answered).max <= 1000,
    },
  ]
}
