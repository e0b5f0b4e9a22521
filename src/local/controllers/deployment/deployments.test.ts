import { afterEach, beforeEach, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { Cache } from '#kube/cluster.ts'
import { isReady } from '../pods.ts'
import type { Deployment, Pod, ReplicaSet } from '../shapes.ts'
import { templateHash } from '../template-hash.ts'
import {
  alive,
  deployment,
  inDefault,
  podSpec,
  type SmallCluster,
  startSmallCluster,
} from '../testing/small-cluster.ts'

let cluster: SmallCluster
let pods: Cache<Pod>
let sets: Cache<ReplicaSet>
let deployments: Cache<Deployment>

beforeEach(async () => {
  cluster = await startSmallCluster({ pods: { startMs: 100 } })
  pods = await cluster.see<Pod>(kinds.pod)
  sets = await cluster.see<ReplicaSet>(kinds.replicaSet)
  deployments = await cluster.see<Deployment>(kinds.deployment)
})
afterEach(() => cluster.stop())

const web = { namespace: 'default', name: 'web' }
const current = (): Deployment | undefined => deployments.get('default/web')
const condition = (type: string) => current()?.status?.conditions?.find((one) => one.type === type)
const patch = (spec: object) => cluster.api.patch(kinds.deployment, web, 'merge', { spec })
const setImage = (image: string) => patch({ template: { spec: podSpec(image) } })
const imageOf = (pod: Pod): string => pod.spec.containers[0]?.image ?? ''

/** As kubectl rollout status judges. */
const isDone = (): boolean => {
  const { metadata, spec, status = {} } = current() ?? deployment('none', -1)
  return (
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status.updatedReplicas ?? 0) === spec.replicas &&
    (status.replicas ?? 0) === spec.replicas &&
    (status.availableReplicas ?? 0) === spec.replicas
  )
}
const create = async (replicas: number, more: Partial<Deployment['spec']> = {}) => {
  await cluster.api.create(kinds.deployment, deployment('web', replicas, more))
  await cluster.until('it is rolled out', isDone)
}

test('a first rollout makes one set and says that it is available and complete', async () => {
  await create(3)
  const [set] = [...sets.values()]
  const hash = set?.metadata.labels?.['pod-template-hash']
  expect(set?.metadata.name).toBe(`web-${hash}`)
  expect(set?.spec.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash })
  expect(set?.metadata.annotations).toEqual({
    'deployment.kubernetes.io/revision': '1',
    'deployment.kubernetes.io/desired-replicas': '3',
    'deployment.kubernetes.io/max-replicas': '4',
  })
  await cluster.until('it is complete', () => {
    return condition('Progressing')?.reason === 'NewReplicaSetAvailable'
  })
  expect(condition('Available')).toMatchObject({
    status: 'True',
    reason: 'MinimumReplicasAvailable',
  })
  expect(condition('Progressing')?.message).toBe(
    `ReplicaSet "web-${hash}" has successfully progressed.`,
  )
  expect(current()?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1')
  expect(await cluster.events()).toContain(
    `ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`,
  )
})

const limits = [
  ['one more, none less', { maxSurge: 1, maxUnavailable: 0 }, 6, 5],
  ['none more, one less', { maxSurge: 0, maxUnavailable: 1 }, 5, 4],
  ['a quarter each', { maxSurge: '25%', maxUnavailable: '25%' }, 7, 4],
  ['all at once', { maxSurge: '100%', maxUnavailable: 0 }, 10, 5],
] as const

for (const [name, rollingUpdate, most, least] of limits) {
  test(`a rolling update keeps within its limits: ${name}`, async () => {
    await create(5, { strategy: { type: 'RollingUpdate', rollingUpdate } })
    await cluster.until('all is still', () => pods.size() === 5)
    const seen = { most: 0, least: 5 }
    pods.subscribe(() => {
      const here = alive(pods)
      seen.most = Math.max(seen.most, here.length)
      seen.least = Math.min(seen.least, here.filter(isReady).length)
    })
    await setImage('shop:v2')
    await cluster.until('it is rolled out', () => {
      return isDone() && alive(pods).every((pod) => imageOf(pod) === 'shop:v2')
    })
    expect(seen.most).toBeLessThanOrEqual(most)
    expect(seen.least).toBeGreaterThanOrEqual(least)
    expect(current()?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2')
  })
}

test('recreating leaves no moment with both versions', async () => {
  await create(3, { strategy: { type: 'Recreate' } })
  let mixed = false
  pods.subscribe(() => {
    if (new Set([...pods.values()].map(imageOf)).size > 1) mixed = true
  })
  await setImage('shop:v2')
  await cluster.until('it is rolled out', () => {
    return isDone() && [...pods.values()].every((pod) => imageOf(pod) === 'shop:v2')
  })
  expect(mixed).toBe(false)
})

test('going back to an earlier template takes its set up again, as the newest revision', async () => {
  await create(2)
  const [first] = [...sets.values()]
  await setImage('shop:v2')
  await cluster.until('v2 is out', () => isDone() && sets.size() === 2)
  await setImage('shop:v1')
  await cluster.until('v1 is back', () => {
    return isDone() && alive(pods).every((pod) => imageOf(pod) === 'shop:v1')
  })
  expect(sets.size()).toBe(2)
  expect(sets.get(inDefault(first?.metadata.name ?? ''))?.metadata.annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
  })
})

test('a paused Deployment scales and does not roll, until it is resumed', async () => {
  await create(2)
  await patch({ paused: true })
  await setImage('shop:v2')
  await cluster.until('the pause is noted', () => {
    return condition('Progressing')?.reason === 'DeploymentPaused'
  })
  await patch({ replicas: 4 })
  await cluster.until('it has four', () => current()?.status?.availableReplicas === 4)
  expect(sets.size()).toBe(1)
  await patch({ paused: false })
  await cluster.until('v2 is out', () => {
    return isDone() && alive(pods).every((pod) => imageOf(pod) === 'shop:v2')
  })
})

test('old sets beyond the history limit are deleted, the oldest first', async () => {
  await create(1, { revisionHistoryLimit: 2 })
  for (const version of ['v2', 'v3', 'v4', 'v5']) {
    await setImage(`shop:${version}`)
    await cluster.until(`${version} is out`, () => {
      return isDone() && alive(pods).every((pod) => imageOf(pod) === `shop:${version}`)
    })
  }
  await cluster.until('three sets are left', () => sets.size() === 3)
  const revisions = [...sets.values()].map(
    ({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision'],
  )
  expect(revisions.toSorted()).toEqual(['3', '4', '5'])
})

test('a rollout without progress exceeds its deadline on time, and recovers', async () => {
  await create(2, { progressDeadlineSeconds: 30 })
  const startedAt = cluster.time.clock.monotonic()
  await setImage('shop:v2-neverready')
  await cluster.until('the deadline has passed', () => {
    return condition('Progressing')?.reason === 'ProgressDeadlineExceeded'
  })
  const took = cluster.time.clock.monotonic() - startedAt
  expect(took).toBeGreaterThan(29_000)
  expect(took).toBeLessThan(33_000)
  expect(condition('Progressing')).toMatchObject({ status: 'False' })
  expect(condition('Available')?.status).toBe('True')
  await setImage('shop:v3')
  await cluster.until('v3 is out', isDone)
  await cluster.until('it says so', () => {
    return condition('Progressing')?.reason === 'NewReplicaSetAvailable'
  })
})

test('pods of an unready revision that nobody needs are the first to go', async () => {
  await create(4)
  await setImage('shop:v2-neverready')
  await cluster.until('v2 hangs', () => (current()?.status?.updatedReplicas ?? 0) > 0)
  await cluster.time.advance(5_000)
  await setImage('shop:v3')
  await cluster.until('v3 is out', () => {
    return isDone() && alive(pods).every((pod) => imageOf(pod) === 'shop:v3')
  })
})

test('scaling in the middle of a rollout spreads over both revisions', async () => {
  await create(10)
  await setImage('shop:v2-neverready')
  await cluster.until('v2 hangs', () => current()?.status?.updatedReplicas === 5)
  await cluster.time.advance(5_000)
  await patch({ replicas: 20 })
  const sizes = () => [...sets.values()].map(({ spec }) => spec.replicas ?? 0).toSorted()
  await cluster.until('both have grown', () => sizes().reduce((a, b) => a + b) === 25)
  // 8 old and 5 new of 13 become 15 and 10 of 25.
  expect(sizes()).toEqual([10, 15])
})

test('a set that bears the name of another template is no obstacle', async () => {
  const wanted = deployment('web', 1)
  const stored = await cluster.api.create(kinds.deployment, {
    ...deployment('probe', 1),
    spec: wanted.spec,
  })
  const name = `web-${templateHash(stored.spec.template, undefined)}`
  const labels = { app: 'other' }
  await cluster.api.create(kinds.replicaSet, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec('other:v1') },
    },
  } as ReplicaSet)
  await cluster.api.create(kinds.deployment, wanted)
  await cluster.until('it is rolled out', isDone)
  expect(current()?.status?.collisionCount).toBe(1)
})

test('adopts sets that match its selector and template', async () => {
  await create(2)
  await cluster.api.remove(kinds.deployment, web, { propagation: 'Orphan' })
  await cluster.until('it is gone', () => deployments.size() === 0)
  const before = new Set([...pods.values()].map(({ metadata }) => metadata.uid))
  await create(2)
  expect(sets.size()).toBe(1)
  expect(new Set([...pods.values()].map(({ metadata }) => metadata.uid))).toEqual(before)
})

test('a deleted Deployment takes all with it', async () => {
  await create(2)
  await cluster.api.remove(kinds.deployment, web)
  await cluster.until('all is gone', () => sets.size() === 0 && pods.size() === 0)
})
