/**
 * Events told by real controllers to a real receiver that fails, hangs, asks for patience and is not heard, while the
 * controllers are killed at their writes: each recorded transition arrives under exactly one id.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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
import type { Transport } from '#kube/http.ts'
import { silentLog } from '#kube/log.ts'
import type { Ports } from '#kube/ports.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemClock, systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { type BenchCluster, startBenchCluster } from '../../bench/cluster.ts'
import { install, isDone, namespace, releaseOf, setImage } from '../../bench/objects.ts'

const name = 'shop'
const lives = 14

let cluster: BenchCluster
beforeAll(async () => {
  cluster = await startBenchCluster()
})
afterAll(() => cluster.stop())

/** Ids that arrived, with how often. Every kind of trouble comes round, the last in taking the message unheard. */
async function troubledReceiver(): Promise<{
  readonly url: string
  readonly heard: Map<string, number>
  readonly heal: () => void
  readonly close: () => void
}> {
  const heard = new Map<string, number>()
  let number = 0
  let healed = false
  const server = createServer((request, response) => {
    number += 1
    const trouble = healed
      ? 'none'
      : (['none', '500', 'hangs', '429', 'unheard'] as const)[number % 5]
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', () => {
      if (trouble === '500') return void response.writeHead(500).end()
      if (trouble === '429') return void response.writeHead(429, { 'retry-after': '1' }).end()
      if (trouble === 'hangs') return
      const { id } = JSON.parse(text) as { id: string }
      heard.set(id, (heard.get(id) ?? 0) + 1)
      if (trouble === 'unheard') request.socket.destroy()
      else response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    heard,
    heal: () => {
      healed = true
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Lets so many writes of a process through; the next one is lost, or done and never heard of, and nothing after it. */
function mortal(
  transport: Transport,
  writes: number,
  lost: boolean,
  onDeath: () => void,
): Transport {
  let left = writes
  return {
    close: transport.close,
    send: async (request, options) => {
      const { method } = request
      if (method === 'GET') return await transport.send(request, options)
      left -= 1
      if (left > 0) return await transport.send(request, options)
      if (left === 0 && !lost) await transport.send(request, options).catch(() => undefined)
      onDeath()
      return await new Promise(() => undefined)
    },
  }
}

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
  const receiver = await troubledReceiver()
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
  receiver.heal()
  const last = await live(receiver.url, 1000, false)
  await setImage(cluster, name, 'shop:last')
  const generation = (seen()?.metadata.generation ?? 0) + 0
  await until(
    () => isDone(seen(), 'Completed', generation) && seen()?.status?.outbox?.pending === undefined,
  )
  await last.end()
  receiver.close()
  expect(records.size).toBeGreaterThan(15)
  expect(receiver.heard.size).toBe(records.size)
  expect([...receiver.heard.values()].some((times) => times > 1)).toBe(true)
  const { items } = await cluster.api.list<KubeObject>(kinds.event, { namespace })
  const own = items.filter(({ metadata }) => metadata.name.startsWith(`${name}.`))
  const loud = [...records.values()].filter(({ action }) => action !== 'StepAdvance')
  expect(own).toHaveLength(loud.length)
  const ids = new Set(own.map(({ metadata }) => metadata.name.replace(`${name}.`, '')))
  for (const id of ids) expect([...receiver.heard.keys()]).toContain(id)
}, 60_000)
