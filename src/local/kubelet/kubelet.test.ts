import { afterEach, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache } from '#kube/cluster.ts'
import type { EndpointSlice, Node, Pod, PodSpec } from '../controllers/shapes.ts'
import {
  pod,
  podSpec,
  type SmallCluster,
  type SmallOptions,
  service,
  startSmallCluster,
} from '../controllers/testing/small-cluster.ts'

let cluster: SmallCluster
let pods: Cache<Pod>

async function start(options: SmallOptions = {}): Promise<void> {
  cluster = await startSmallCluster(options)
  pods = await cluster.see<Pod>(kinds.pod)
}
afterEach(() => cluster.stop())

const at = (name: string) => ({ namespace: 'default', name })
const get = (name = 'p'): Pod | undefined => pods.get(`default/${name}`)
const run = (name: string, spec?: PodSpec) => cluster.api.create(kinds.pod, pod(name, {}, spec))
const condition = (type: string, name = 'p') =>
  get(name)?.status?.conditions?.find((one) => one.type === type)
const isReady = (name = 'p') => condition('Ready', name)?.status === 'True'
const stateOf = (name = 'p'): string => {
  const state = get(name)?.status?.containerStatuses?.[0]?.state
  if (state === undefined) return 'none'
  return 'waiting' in state ? state.waiting.reason : (Object.keys(state)[0] ?? '')
}
const running = (more: Partial<PodSpec> = {}, image = 'shop:v1'): PodSpec => podSpec(image, more)

test('registers its node, ready, with a lease that is renewed', async () => {
  await start()
  const node = await cluster.api.get<Node>(kinds.node, { name: 'local' })
  expect(node.metadata.labels?.['kubernetes.io/hostname']).toBe('local')
  expect(node.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
  type Lease = KubeObject & { readonly spec: { readonly renewTime: string } }
  const lease = () =>
    cluster.api.get<Lease>(kinds.lease, { namespace: 'kube-node-lease', name: 'local' })
  await cluster.time.advance(1_000)
  const before = (await lease()).spec.renewTime
  await cluster.time.advance(11_000)
  expect((await lease()).spec.renewTime > before).toBe(true)
})

test('a pod goes from pending to running and ready, and its Events tell the story', async () => {
  await start({ pods: { startMs: 1_000 } })
  await run('p')
  await cluster.until('it is being made', () => stateOf() === 'ContainerCreating')
  expect(get()?.status?.phase).toBe('Pending')
  expect(get()?.spec.nodeName).toBe('local')
  expect(condition('Ready')).toMatchObject({
    status: 'False',
    reason: 'ContainersNotReady',
    message: 'containers with unready status: [app]',
  })
  await cluster.until('it is ready', isReady)
  expect(get()?.status).toMatchObject({ phase: 'Running', podIP: '10.244.0.2' })
  expect(get()?.status?.containerStatuses?.[0]).toMatchObject({
    name: 'app',
    image: 'shop:v1',
    ready: true,
    started: true,
    restartCount: 0,
  })
  for (const type of ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready']) {
    expect(condition(type)?.status).toBe('True')
  }
  expect((await cluster.events()).toSorted()).toEqual([
    'Created: Created container: app',
    'Pulled: Container image "shop:v1" already present on machine',
    'Scheduled: Successfully assigned default/p to local',
    'Started: Started container app',
  ])
})

test('spreads pods over its nodes, and heeds a node selector', async () => {
  await start({ nodes: ['n1', 'n2'] })
  for (let index = 0; index < 6; index += 1) await run(`p${index}`)
  const nodeSelector = { 'kubernetes.io/hostname': 'n2' }
  await run('picky', running({ nodeSelector }))
  await run('lost', running({ nodeSelector: { disk: 'none' } }))
  await cluster.until('all that can run are ready', () => {
    return [...pods.values()].filter(({ metadata }) => isReady(metadata.name)).length === 7
  })
  const nodes = [...pods.values()].map(({ spec }) => spec.nodeName)
  expect(nodes.filter((name) => name === 'n1')).toHaveLength(3)
  expect(get('picky')?.spec.nodeName).toBe('n2')
  expect(get('lost')?.spec.nodeName).toBeUndefined()
  expect((await cluster.events()).some((event) => event.startsWith('FailedScheduling'))).toBe(true)
})

test('a deleted pod serves on for a moment, then gets SIGTERM, and is gone when it has ended', async () => {
  await start({ pods: { stopMs: 1_000 } })
  await run('p')
  await cluster.until('it is ready', isReady)
  const startedAt = cluster.time.clock.monotonic()
  await cluster.api.remove(kinds.pod, at('p'))
  await cluster.until('it is marked', () => get()?.metadata.deletionTimestamp !== undefined)
  await cluster.time.advance(250)
  expect([stateOf(), isReady()]).toEqual(['running', true])
  await cluster.until('it is gone', () => get() === undefined)
  expect(cluster.time.clock.monotonic() - startedAt).toBe(1_300)
  expect(await cluster.events()).toContain('Killing: Stopping container app')
})

test('a pod that goes is no endpoint any more before it gets SIGTERM', async () => {
  await start({ pods: { stopMs: 1_000 } })
  const slices = await cluster.see<EndpointSlice>(kinds.endpointSlice)
  await cluster.api.create(kinds.service, service('shop'))
  await cluster.api.create(kinds.pod, pod('p', { app: 'shop' }))
  const endpoint = () => [...slices.values()].flatMap(({ endpoints }) => endpoints ?? [])[0]
  await cluster.until('it is an endpoint', () => endpoint()?.conditions.ready === true)
  await cluster.api.remove(kinds.pod, at('p'))
  await cluster.until('it is none', () => endpoint()?.conditions.ready === false)
  expect(endpoint()?.conditions).toMatchObject({ serving: true, terminating: true })
  // Still up: nobody has asked it to end.
  expect([stateOf(), isReady()]).toEqual(['running', true])
  await cluster.until('it is gone', () => get() === undefined && endpoint() === undefined)
})

test('a node that takes no pods gets none until it does again', async () => {
  await start()
  const node = { name: 'local' }
  const taints = [{ key: 'a', value: 'b', effect: 'NoSchedule' }]
  expect((await cluster.api.get<Node>(kinds.node, node)).spec?.taints ?? []).toEqual([])
  await cluster.api.patch(kinds.node, node, 'merge', { spec: { taints } })
  await run('p')
  await run('bold', running({ tolerations: [{ key: 'a', operator: 'Equal', value: 'b' }] }))
  await run('blind', running({ tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }] }))
  await cluster.until('who tolerates it runs', () => isReady('bold') && isReady('blind'))
  expect(get()?.spec.nodeName).toBeUndefined()
  await cluster.api.patch(kinds.node, node, 'merge', {
    spec: { taints: null, unschedulable: true },
  })
  await cluster.time.advance(1_000)
  expect(get()?.spec.nodeName).toBeUndefined()
  const said = (await cluster.events()).filter((event) => event.startsWith('FailedScheduling'))
  expect(said).toContain(
    'FailedScheduling: 0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.',
  )
  expect(said).toContain('FailedScheduling: 0/1 nodes are available: 1 node(s) were unschedulable.')
  await cluster.api.patch(kinds.node, node, 'merge', { spec: { unschedulable: null } })
  await cluster.until('it runs', isReady)
})

const hooks = [
  ['a sleep', { sleep: { seconds: 4 } }, 4_000],
  ['a sleep by command', { exec: { command: ['/bin/sh', '-c', 'sleep 2'] } }, 2_000],
] as const

for (const [name, preStop, expected] of hooks) {
  test(`honours a preStop hook: ${name}`, async () => {
    await start()
    const container = { name: 'app', image: 'shop:v1', lifecycle: { preStop } }
    await run('p', { containers: [container] })
    await cluster.until('it is ready', isReady)
    const startedAt = cluster.time.clock.monotonic()
    await cluster.api.remove(kinds.pod, at('p'))
    await cluster.until('it is gone', () => get() === undefined)
    expect(cluster.time.clock.monotonic() - startedAt).toBe(expected)
  })
}

test('a pod that does not end in its grace period is killed', async () => {
  await start({ pods: { stopMs: 600_000 } })
  await run('p', running({ terminationGracePeriodSeconds: 5 }))
  await cluster.until('it is ready', isReady)
  const startedAt = cluster.time.clock.monotonic()
  await cluster.api.remove(kinds.pod, at('p'))
  await cluster.until('it is gone', () => get() === undefined)
  const took = cluster.time.clock.monotonic() - startedAt
  expect(took).toBeGreaterThan(3_900)
  expect(took).toBeLessThanOrEqual(5_500)
})

test('a pod deleted by force is gone at once', async () => {
  await start({ pods: { stopMs: 5_000 } })
  await run('p')
  await cluster.until('it is ready', isReady)
  const startedAt = cluster.time.clock.monotonic()
  await cluster.api.remove(kinds.pod, at('p'), { gracePeriodSeconds: 0 })
  await cluster.until('it is gone', () => get() === undefined)
  expect(cluster.time.clock.monotonic() - startedAt).toBeLessThan(100)
})

test('a crashing pod is Running, not ready, and says why', async () => {
  await start()
  await run('p', running({}, 'shop:v1-crash1'))
  await cluster.until('it backs off', () => stateOf() === 'CrashLoopBackOff')
  expect([get()?.status?.phase, isReady()]).toEqual(['Running', false])
  expect(get()?.status?.containerStatuses?.[0]).toMatchObject({
    restartCount: 1,
    lastState: { terminated: { exitCode: 1, reason: 'Error' } },
  })
})

test('an image that cannot be pulled keeps the pod pending', async () => {
  await start()
  await run('p', running({}, 'shop:v1-nopull'))
  await cluster.until('it backs off', () => stateOf() === 'ImagePullBackOff')
  expect(get()?.status?.phase).toBe('Pending')
})

const ends = [
  ['a job that succeeds', 'OnFailure', 'shop:v1', 'Running'],
  ['a job that fails for good', 'Never', 'shop:v1-crash1', 'Failed'],
] as const

for (const [name, restartPolicy, image, phase] of ends) {
  test(`the phase of ${name} is ${phase}`, async () => {
    await start()
    await run('p', running({ restartPolicy }, image))
    await cluster.until('it gets there', () => get()?.status?.phase === phase)
    await cluster.time.advance(60_000)
    expect(get()?.status?.phase).toBe(phase)
  })
}

test('a readiness gate of others holds the pod back until it is true', async () => {
  await start()
  const readinessGates = [{ conditionType: 'example.com/open' }]
  await run('p', running({ readinessGates }))
  await cluster.until('it runs', () => condition('ContainersReady')?.status === 'True')
  expect(condition('Ready')?.reason).toBe('ReadinessGatesNotReady')
  const open = { type: 'example.com/open', status: 'True' }
  const conditions = [...(get()?.status?.conditions ?? []), open]
  const body = { status: { conditions } }
  await cluster.api.patch(kinds.pod, at('p'), 'merge', body, { subresource: 'status' })
  await cluster.until('it is ready', isReady)
  expect(condition('example.com/open')?.status).toBe('True')
})

test('waits for a ConfigMap that its variables name', async () => {
  await start()
  const configMapKeyRef = { name: 'settings', key: 'after' }
  const env = [{ name: 'SAMPLE_READY_AFTER_MS', valueFrom: { configMapKeyRef } }]
  await run('p', { containers: [{ name: 'app', image: 'shop:v1', env }] })
  await cluster.until('it says what is missing', () => stateOf() === 'CreateContainerConfigError')
  expect(await cluster.events()).toContain('Failed: Error: configmap "settings" not found')
  await cluster.api.create(kinds.configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: at('settings'),
    data: { after: '10' },
  } as KubeObject)
  await cluster.until('it is ready', isReady)
})

test('a pod recreated under the same name is another pod', async () => {
  await start()
  await run('p')
  await cluster.until('it is ready', isReady)
  const first = get()?.status?.podIP
  await cluster.api.remove(kinds.pod, at('p'), { gracePeriodSeconds: 0 })
  await run('p')
  await cluster.until('the new one is ready', () => isReady() && get()?.status?.podIP !== first)
})
