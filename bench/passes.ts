/** M5, a whole pass: read, gather, decide, deliver nothing, over the caches of a settled cluster. */
import { watchAll } from '#controller/caches.ts'
import { emptyClaims } from '#controller/claims.ts'
import { indexOf } from '#controller/indexes.ts'
import { readSafely } from '#controller/readings.ts'
import { reconcile, type Shell } from '#controller/reconcile.ts'
import { references } from '#controller/references.ts'
import { emptyState, type KeyState } from '#controller/state.ts'
import { telemetry } from '#controller/telemetry.ts'
import { doors } from '#doors/register.ts'
import { connectTo } from '#kube/connect.ts'
import type { BenchCluster } from './cluster.ts'
import { byVerbAndKind, counting, isWork } from './counting.ts'
import { type Row, spread } from './table.ts'

const rounds = 10

/** Passes over every release of the cluster, several rounds. */
export async function passRows(cluster: BenchCluster): Promise<readonly Row[]> {
  const { transport, requests } = counting(cluster.server.transport())
  const client = connectTo(transport, cluster.ports)
  const caches = watchAll(client, doors, undefined)
  const { shell, states } = shellOver(cluster, client, caches)
  await Promise.all(caches.all.map((cache) => cache.synced()))
  await Promise.all(caches.routes.all().map((cache) => cache.synced()))
  const perSecond: number[] = []
  let count = 0
  for (let round = 0; round <= rounds; round += 1) {
    const startedAt = performance.now()
    count = await passAll(shell, states)
    const rate = (count * 1000) / (performance.now() - startedAt)
    // The first round only warms the compiler up.
    if (round > 0) perSecond.push(rate)
  }
  await client.close()
  const { median, min } = spread(perSecond)
  const work = requests.filter(isWork)
  return [
    {
      id: 'M5',
      what: `whole no-op passes per second and core, ${count.toLocaleString('en')} settled releases`,
      value: `median ${Math.round(median).toLocaleString('en')}, slowest round ${Math.round(min).toLocaleString('en')}; requests in all: ${work.length === 0 ? 'none' : byVerbAndKind(work)}`,
      target: '',
      met: undefined,
    },
  ]
}

type Parts = { readonly shell: Shell; readonly states: Map<string, KeyState> }

function shellOver(
  { ports }: BenchCluster,
  client: Shell['delivery']['cluster'],
  caches: Shell['caches'],
): Parts {
  const { now } = ports.clock
  const claims = emptyClaims()
  const metrics = telemetry('bench')
  for (const [door, cache] of caches.doors)
    cache.subscribe((change) => {
      if (change.type === 'gone') return
      const result = readSafely(door, change.now.read())
      claims.set(`${door.name}/${change.key}`, result.kind === 'app' ? result.app : undefined)
      if (result.kind === 'app') caches.routes.need(result.app)
    })
  const shell: Shell = {
    caches,
    claims,
    index: indexOf(caches),
    named: references(client, {}, () => {}),
    delivery: {
      cluster: client,
      cacheOf: ({ kind, apiVersion }) => caches.of(kind, apiVersion),
      mayWrite: () => true,
      now,
    },
    ask: async () => ({ kind: 'failed', message: 'nobody answers here' }),
    now,
    again: () => {},
    slowed: () => {},
    decided: (_key, { app }, _now, decision) => metrics.decided(app, decision),
    outbox: { tells: true, tell: () => {}, open: () => {}, close: () => {} },
    recorded: () => {},
  }
  return { shell, states: new Map() }
}

async function passAll(shell: Shell, states: Map<string, KeyState>): Promise<number> {
  let count = 0
  for (const [door, cache] of shell.caches.doors) {
    for (const objectKey of cache.keys()) {
      const object = cache.get(objectKey)?.read()
      if (object === undefined) continue
      const key = `${door.name}/${objectKey}`
      const state = states.get(key) ?? emptyState()
      states.set(key, state)
      await reconcile(shell, { key, door, object, state })
      count += 1
    }
  }
  return count
}
