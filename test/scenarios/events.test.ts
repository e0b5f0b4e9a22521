/**
 * Events told by real controllers to a real receiver that fails, hangs, asks for patience and is not heard, while the
 * controllers are killed at their writes: each recorded transition arrives under exactly one id.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startController } from '#controller/controller.ts'
import { httpSink } from '#controller/outbox/http.ts'
import { kubernetesSink } from '#controller/outbox/kubernetes.ts'
import { telemetry } from '#controller/telemetry.ts'
import type { DecisionStatus } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { doors } from '#doors/register.ts'
import { strictRules } from '#kube/address-guard.ts'
import { connectTo } from '#kube/connect.ts'
import { silentLog } from '#kube/log.ts'
import type { Ports } from '#kube/ports.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemClock, systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { type BenchCluster, startBenchCluster } from '../../bench/cluster.ts'
import { install, isDone, namespace, releaseOf, setImage } from '../../bench/objects.ts'
import { mortal, troubledReceiver } from './mortal.ts'

const name = 'shop'
const lives = 14

let cluster: BenchCluster
beforeAll(async () => {
  cluster = await startBenchCluster()
})
afterAll(() => cluster.stop())

type Life = { readonly dead: Promise<void>; readonly end: () => Promise<void> }

// Ten times as fast, so that back-off takes a test no minutes.
const ports: Ports = { ...systemPorts(), clock: systemClock({ speed: 10, startAt: Date.now() }) }

async function live(url: string, writes: number, lost: boolean): Promise<Life> {
  let die = (): void => undefined
  const dead = new Promise<void>((resolve) => {
    die = resolve
  })
  const client = connectTo(mortal(cluster.server.transport(), writes, lost, die), ports)
  const rules = { ...strictRules, loopback: true }
  const reach = reachThrough({ cluster: client, way: 'direct', rules, direct: sendDirect })
  const { now } = ports.clock
  const controller = startController({
    cluster: client,
    doors,
    clock: ports.clock,
    ask: async () => ({ kind: 'failed', message: 'nobody answers here' }),
    log: silentLog,
    telemetry: telemetry('test'),
    instance: 'test',
    sinks: [
      kubernetesSink(client, 'test'),
      httpSink({ url, reach, token: undefined, now, timeoutMs: 1000 }),
    ],
  })
  await controller.synced()
  controller.lead(() => true)
  const end = async (): Promise<void> => {
    // What hangs was killed: nobody waits for it.
    void controller.stop()
    await client.close()
  }
  return { dead, end }
}

/** Resolves once a condition on the release holds. */
function until(holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!holds()) return
      stop()
      resolve()
    }
    const stop = cluster.releases.subscribe(look)
    look()
  })
}

test('exactly one distinct id for each transition, with controllers killed at every write', async () => {
  const receiver = await troubledReceiver<{ readonly id: string }>()
  const records = new Map<string, DecisionStatus>()
  const seen = () => cluster.releases.get(`${namespace}/${name}`)
  cluster.releases.subscribe(() => {
    for (const record of seen()?.status?.decisions ?? [])
      records.set(JSON.stringify(record), record)
  })
  await install(cluster, releaseOf(name, '0s'))
  for (let life = 0; life < lives; life += 1) {
    const now = await live(receiver.url, life + 1, life % 2 === 0)
    if (life % 4 === 3) await setImage(cluster, name, `shop:v${life}`)
    const { generation } = seen()?.metadata ?? {}
    await Promise.race([now.dead, until(() => isDone(seen(), 'Completed', generation))])
    await now.end()
  }
  const last = await live(receiver.url, 1000, false)
  // However slow the machine was, and however short the lives.
  await receiver.taken
  receiver.heal()
  await setImage(cluster, name, 'shop:last')
  const generation = (seen()?.metadata.generation ?? 0) + 0
  await until(
    () => isDone(seen(), 'Completed', generation) && seen()?.status?.outbox?.pending === undefined,
  )
  await last.end()
  receiver.close()
  expect(records.size).toBeGreaterThan(15)
  const heard = new Set(receiver.heard.map(({ id }) => id))
  expect(heard.size).toBe(records.size)
  expect(receiver.heard.length).toBeGreaterThan(heard.size)
  const { items } = await cluster.api.list<KubeObject>(kinds.event, { namespace })
  const own = items.filter(({ metadata }) => metadata.name.startsWith(`${name}.`))
  const loud = [...records.values()].filter(({ action }) => action !== 'StepAdvance')
  expect(own).toHaveLength(loud.length)
  const ids = new Set(own.map(({ metadata }) => metadata.name.replace(`${name}.`, '')))
  for (const id of ids) expect(heard).toContain(id)
}, 60_000)
