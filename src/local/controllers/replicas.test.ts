import { afterEach, beforeEach, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { Cache } from '#kube/cluster.ts'
import type { Pod, ReplicaSet, ReplicationController } from './shapes.ts'
import {
  alive,
  inDefault,
  pod,
  podSpec,
  replicaSet,
  type SmallCluster,
  startSmallCluster,
} from './testing/small-cluster.ts'

let cluster: SmallCluster
let pods: Cache<Pod>
let sets: Cache<ReplicaSet>

beforeEach(async () => {
  cluster = await startSmallCluster()
  pods = await cluster.see<Pod>(kinds.pod)
  sets = await cluster.see<ReplicaSet>(kinds.replicaSet)
})
afterEach(() => cluster.stop())

const status = (name: string) => sets.get(inDefault(name))?.status
const ready = (name: string, count: number) => () => status(name)?.readyReplicas === count
const at = (name: string) => ({ namespace: 'default', name })

test('creates as many pods as asked for, and says how they fare', async () => {
  const { api, until, events } = cluster
  await api.create(kinds.replicaSet, replicaSet('web', 3))
  await until('three pods are ready', ready('web', 3))
  expect(status('web')).toEqual({
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    observedGeneration: 1,
  })
  for (const { metadata } of pods.values()) {
    expect(metadata.name).toMatch(/^web-[a-z0-9]{5}$/)
    expect(metadata.ownerReferences).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: sets.get('default/web')?.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ])
  }
  const said = (await events()).filter((event) => event.startsWith('SuccessfulCreate'))
  const names = [...pods.values()].map(({ metadata }) => metadata.name)
  expect(said.toSorted()).toEqual(
    names.map((name) => `SuccessfulCreate: Created pod: ${name}`).toSorted(),
  )
  expect(cluster.troubles).toEqual([])
})

test('never creates one pod too many, however often it is scaled', async () => {
  const { api, until } = cluster
  let most = 0
  let before = 0
  pods.subscribe(() => {
    most = Math.max(most, alive(pods).length)
  })
  await api.create(kinds.replicaSet, replicaSet('web', 0))
  for (const replicas of [5, 2, 7, 20]) {
    await api.patch(kinds.replicaSet, at('web'), 'merge', { spec: { replicas } })
    await until(`${replicas} are ready`, ready('web', replicas))
    expect(most).toBeLessThanOrEqual(Math.max(replicas, before))
    before = replicas
    most = 0
  }
})

test('replaces a pod that is deleted, and one that has failed', async () => {
  const { api, until } = cluster
  await api.create(kinds.replicaSet, replicaSet('web', 2))
  await until('two pods are ready', ready('web', 2))
  const [first, second] = [...pods.values()]
  await api.remove(kinds.pod, first?.metadata ?? at(''))
  const failed = { status: { phase: 'Failed' } }
  await api.patch(kinds.pod, second?.metadata ?? at(''), 'merge', failed, { subresource: 'status' })
  const isNew = ({ metadata }: Pod): boolean =>
    metadata.name !== first?.metadata.name && metadata.name !== second?.metadata.name
  await until('two new ones are there', () => alive(pods).filter(isNew).length === 2)
})

test('gives up the cheapest pod first', async () => {
  const { api, until, events } = cluster
  await api.create(kinds.replicaSet, replicaSet('web', 3))
  await until('three pods are ready', ready('web', 3))
  const [, cheap] = [...pods.values()]
  const annotations = { 'controller.kubernetes.io/pod-deletion-cost': '-1' }
  await api.patch(kinds.pod, cheap?.metadata ?? at(''), 'merge', { metadata: { annotations } })
  await until('the cost is known', () => {
    return pods.get(inDefault(cheap?.metadata.name ?? ''))?.metadata.annotations !== undefined
  })
  await api.patch(kinds.replicaSet, at('web'), 'merge', { spec: { replicas: 2 } })
  await until('one has gone', () => pods.size() === 2)
  expect(pods.get(inDefault(cheap?.metadata.name ?? ''))).toBeUndefined()
  expect(await events()).toContain(`SuccessfulDelete: Deleted pod: ${cheap?.metadata.name}`)
})

test('adopts orphans that match, and counts them in', async () => {
  const { api, until } = cluster
  await api.create(kinds.pod, pod('orphan', { app: 'web' }))
  await until('the orphan runs', () => pods.get('default/orphan')?.status?.phase === 'Running')
  await api.create(kinds.replicaSet, replicaSet('web', 2))
  await until('two pods are ready', ready('web', 2))
  expect(pods.size()).toBe(2)
  expect(pods.get('default/orphan')?.metadata.ownerReferences?.[0]?.name).toBe('web')
})

test('lets go of a pod whose labels no longer match, and makes another', async () => {
  const { api, until } = cluster
  await api.create(kinds.replicaSet, replicaSet('web', 1))
  await until('it is ready', ready('web', 1))
  const [first] = [...pods.values()]
  await api.patch(kinds.pod, first?.metadata ?? at(''), 'merge', {
    metadata: { labels: { app: 'debug' } },
  })
  await until('there are two', () => pods.size() === 2)
  await until('the first is an orphan', () => {
    const references = pods.get(inDefault(first?.metadata.name ?? ''))?.metadata.ownerReferences
    return (references ?? []).length === 0
  })
})

test('pods move to a new owner with their labels, and none is restarted or added', async () => {
  const { api, until } = cluster
  await api.create(kinds.replicaSet, replicaSet('old', 3))
  await until('three are ready', ready('old', 3))
  const before = new Set([...pods.values()].map(({ metadata }) => metadata.uid))
  await api.remove(kinds.replicaSet, at('old'), { propagation: 'Orphan' })
  await until('the set is gone', () => sets.size() === 0)
  for (const { metadata } of pods.values()) {
    await api.patch(kinds.pod, metadata, 'merge', { metadata: { labels: { app: 'new' } } })
  }
  await api.create(kinds.replicaSet, replicaSet('new', 3))
  await until('the new set counts three', ready('new', 3))
  expect(new Set([...pods.values()].map(({ metadata }) => metadata.uid))).toEqual(before)
})

test('a pod is available only after minReadySeconds', async () => {
  const { api, until, time } = cluster
  await api.create(kinds.replicaSet, replicaSet('web', 1, { minReadySeconds: 10 }))
  await until('it is ready', ready('web', 1))
  const readyAt = time.clock.monotonic()
  expect(status('web')?.availableReplicas ?? 0).toBe(0)
  await until('it is available', () => status('web')?.availableReplicas === 1)
  expect(time.clock.monotonic() - readyAt).toBeGreaterThan(8_900)
  expect(time.clock.monotonic() - readyAt).toBeLessThan(10_100)
})

test('counts what was made of an older template as not fully labelled', async () => {
  const { api, until } = cluster
  await api.create(kinds.replicaSet, replicaSet('web', 1))
  await until('it is ready', ready('web', 1))
  const template = { metadata: { labels: { app: 'web', tier: 'front' } } }
  await api.patch(kinds.replicaSet, at('web'), 'merge', { spec: { template } })
  await until('the change is seen', () => status('web')?.observedGeneration === 2)
  expect(status('web')?.fullyLabeledReplicas ?? 0).toBe(0)
  expect(status('web')?.replicas).toBe(1)
})

test('a ReplicationController does the same', async () => {
  const { api, until } = cluster
  const controllers = await cluster.see<ReplicationController>(kinds.replicationController)
  const controller: ReplicationController = {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'rc', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { app: 'rc' },
      template: { metadata: { labels: { app: 'rc' } }, spec: podSpec() },
    },
  }
  await api.create(kinds.replicationController, controller)
  await until('two are ready', () => controllers.get('default/rc')?.status?.readyReplicas === 2)
  await api.patch(kinds.replicationController, at('rc'), 'merge', { spec: { replicas: 0 } })
  await until('all are gone', () => pods.size() === 0)
})
