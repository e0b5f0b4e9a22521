import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import { sleep } from '#kube/ports.ts'
import { systemPorts } from '#kube/system.ts'
import { startApiServer } from '../api-server/start.ts'
import type { Deployment, EndpointSlice, Pod } from '../controllers/shapes.ts'
import { startWorkloads } from '../controllers/start.ts'
import { alive, deployment, podSpec, service } from '../controllers/testing/small-cluster.ts'
import { addressAnnotation, logsAnnotation } from './pod-run.ts'
import { startKubelet } from './start.ts'

const ports = systemPorts()
const stops: (() => Promise<void>)[] = []
let api: Cluster
let pods: Cache<Pod>
let deployments: Cache<Deployment>
let slices: Cache<EndpointSlice>

beforeAll(async () => {
  const server = await startApiServer({ ports })
  api = connectTo(server.transport(), ports)
  const workloads = await startWorkloads(api, ports)
  const kubelet = await startKubelet(api, ports)
  stops.push(workloads.stop, kubelet.stop, api.close, server.close)
  pods = api.watch<Pod>(kinds.pod)
  deployments = api.watch<Deployment>(kinds.deployment)
  slices = api.watch<EndpointSlice>(kinds.endpointSlice)
  await Promise.all([pods.synced(), deployments.synced(), slices.synced()])
})
afterAll(async () => {
  for (const stop of stops) await stop()
})

const web = { namespace: 'default', name: 'web' }

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const watched = [pods, deployments, slices]
    const stops = [ports.clock.after(15_000, () => reject(new Error('not within 15 s')))]
    const look = (): void => {
      if (!condition()) return
      for (const stop of stops) stop()
      resolve()
    }
    for (const cache of watched) stops.push(cache.subscribe(look))
    look()
  })
}

const available = (): number => deployments.get('default/web')?.status?.availableReplicas ?? 0
const addressOf = (pod: Pod): string => {
  const text = pod.metadata.annotations?.[addressAnnotation] ?? '{}'
  return (JSON.parse(text) as Record<string, string>)['8080'] ?? ''
}
/** Ready addresses of the Service, as a gateway sees them. */
const endpoints = (): readonly string[] =>
  [...slices.values()].flatMap(({ endpoints: list }) =>
    (list ?? []).flatMap(({ conditions, targetRef }) => {
      const pod = pods.get(`default/${targetRef?.name ?? ''}`)
      return conditions.ready === true && pod !== undefined ? [addressOf(pod)] : []
    }),
  )

test('three replicas of a Deployment are processes that answer', async () => {
  await api.create(kinds.service, service('web'))
  const startedAt = ports.clock.monotonic()
  await api.create(kinds.deployment, deployment('web', 3))
  await until(() => available() === 3)
  console.log(`three pods ready after ${Math.round(ports.clock.monotonic() - startedAt)} ms`)
  const seen = new Set<string>()
  for (const pod of pods.values()) {
    const answer = await fetch(`http://${addressOf(pod)}/`)
    expect(await answer.text()).toBe('Hello! v1\n')
    seen.add(answer.headers.get('x-pod') ?? '')
  }
  expect(seen).toEqual(new Set([...pods.values()].map(({ metadata }) => metadata.name)))
})

test('their logs are read where the pod says', async () => {
  const [pod] = [...pods.values()]
  const url = pod?.metadata.annotations?.[logsAnnotation] ?? ''
  const answer = await fetch(`${url}?container=app`)
  expect(await answer.text()).toBe(`${pod?.metadata.name} runs shop:v1, listening on 8080\n`)
})

test('a rolling update loses no request to a client that follows the endpoints', async () => {
  const seen = new Map<string, number>()
  let going = true
  let failed = 0
  const client = async (offset: number): Promise<void> => {
    for (let turn = offset; going; turn += 1) {
      const now = endpoints()
      const address = now[turn % now.length]
      try {
        const answer = await fetch(`http://${address}/`, {
          headers: turn % 2 === 0 ? { connection: 'close' } : {},
        })
        await answer.text()
        if (answer.status !== 200) failed += 1
        const version = answer.headers.get('x-version') ?? ''
        seen.set(version, (seen.get(version) ?? 0) + 1)
      } catch {
        failed += 1
        // Where every request fails at once, the rest of the cluster would get no turn.
        await sleep(ports.clock, 10)
      }
    }
  }
  const clients = [0, 1, 2].map(client)
  const template = { spec: podSpec('shop:v2') }
  await api.patch(kinds.deployment, web, 'merge', { spec: { template } })
  try {
    await until(() => {
      const list = alive(pods)
      return list.length === 3 && available() === 3 && list.every(isVersion2) && pods.size() === 3
    })
  } finally {
    going = false
    await Promise.all(clients)
  }
  expect(failed).toBe(0)
  expect(seen.get('v2')).toBeGreaterThan(0)
})

test('scaled to zero, nothing is left', async () => {
  await api.patch(kinds.deployment, web, 'merge', { spec: { replicas: 0 } })
  await until(() => pods.size() === 0)
  expect(endpoints()).toEqual([])
})

function isVersion2({ spec }: Pod): boolean {
  return spec.containers[0]?.image === 'shop:v2'
}
