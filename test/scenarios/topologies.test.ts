/** Promotion by selector, by replace and by handover, with real pods, real controllers and steady traffic. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReleaseSpec } from '#core/api/release.ts'
import type { ReleaseWorkloads } from '#core/api/workloads.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import { systemPorts } from '#kube/system.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { watchUntil } from '../../src/cli/wait.ts'
import { Actor, openStage, type Stage } from './stage.ts'

let stage: Stage
let stopController: () => Promise<void>

beforeAll(async () => {
  stage = await openStage()
  stopController = stage.startController()
})
afterAll(async () => {
  await stopController?.()
  await stage?.stop()
})

/** Names of the running pods of a release. */
async function podsOf(name: string): Promise<readonly string[]> {
  const { items } = await stage.local.cluster.list<KubeObject>(kinds.pod, {
    namespace: 'default',
    labelSelector: `${labels.release}=${name}`,
  })
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name)
    .sort()
}

const variants = [
  ['selector', 'ReplicaSets by revision', {}],
  ['handover', 'ReplicaSets by role', { naming: 'role', kind: 'ReplicaSet' }],
  [
    'handover-rc',
    'ReplicationControllers by role',
    { naming: 'role', kind: 'ReplicationController', promotion: 'handover' },
  ],
  ['refill', 'ReplicaSets by role', { naming: 'role', kind: 'ReplicaSet', promotion: 'replace' }],
  ['replace', 'Deployments by role', { naming: 'role', kind: 'Deployment' }],
  ['deployments', 'Deployments by revision', { kind: 'Deployment' }],
] as const satisfies readonly (readonly [string, string, ReleaseWorkloads])[]

describe.each(variants)('promotion by %s (%s)', (name, _what, workloads) => {
  test('drops no request, and an abort brings the old version back', async () => {
    const shop = new Actor(stage, `by-${name}`)
    await shop.install('v1', {
      replicas: 3,
      workloads,
      strategy: { canary: { steps: [{ weight: 50 }, { pause: {} }] } },
    })
    await shop.comesTo('Completed')
    const traffic = startTraffic({
      url: `${stage.local.gateway.url}/hello`,
      host: `${shop.name}.example.com`,
      perSecond: 50,
      clock: systemPorts().clock,
    })

    await shop.ask('v2')
    await shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
    const judged = await podsOf(shop.name)
    await shop.command('promote')
    await shop.comesTo('Completed')
    expect(await shop.versions()).toEqual(new Set(['v2']))
    if (name.startsWith('handover')) {
      const after = await podsOf(shop.name)
      expect(after.filter((pod) => judged.includes(pod)).length).toBeGreaterThanOrEqual(2)
    }

    await shop.ask('v3')
    await shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
    await shop.command('abort')
    await shop.comesTo('Failed')
    expect(await shop.versions()).toEqual(new Set(['v2']))

    const { dropped, drops, versions } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    expect(Object.keys(versions).sort()).toEqual(['v1', 'v2', 'v3'])
  }, 90_000)
})

test('an autoscaler has its way at any time: both roles follow what it asks for, and nobody fights', async () => {
  const shop = new Actor(stage, 'scaled')
  await shop.install('v1', {
    replicas: 2,
    strategy: { canary: { steps: [{ weight: 50 }, { pause: {} }] } },
  })
  await shop.comesTo('Completed')
  const scale = async (replicas: number): Promise<void> => {
    const { status } = await stage.local.cluster.raw({
      method: 'PUT',
      path: `/apis/headgate.dev/v1alpha1/namespaces/default/releases/${shop.name}/scale`,
      body: JSON.stringify({
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: shop.name, namespace: 'default' },
        spec: { replicas },
      }),
    })
    expect(status).toBe(200)
  }
  await scale(3)
  await shop.untilPods({ v1: 3 })
  await shop.ask('v2')
  await shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
  await scale(6)
  await shop.untilPods({ v1: 6, v2: 3 })
  await shop.command('promote')
  await shop.comesTo('Completed')
  await shop.untilPods({ v2: 6 })
  await scale(2)
  await shop.untilPods({ v2: 2 })
  expect(shop.release?.spec.replicas).toBe(2)
  expect(shop.release?.status?.selector).toBe('app=scaled')
}, 60_000)

test('a release of an existing Deployment takes over its traffic, follows its template, and gives it back', async () => {
  const { cluster } = stage.local
  const name = 'referred'
  const template = (version: string) => ({
    metadata: { labels: { app: name } },
    spec: {
      containers: [
        { name: 'app', image: `example/${name}:${version}`, ports: [{ containerPort: 8080 }] },
      ],
    },
  })
  await cluster.create<KubeObject & { spec: unknown }>(kinds.service, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${name}-stable`, namespace: 'default' },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  })
  await cluster.create<KubeObject & { spec: unknown }>(kinds.deployment, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: { replicas: 3, selector: { matchLabels: { app: name } }, template: template('v1') },
  })
  const deployments = cluster.watch<Workload>(kinds.deployment, {
    project: (object) => object as Workload,
  })
  const deployment = (): Workload | undefined => deployments.get(`default/${name}`)
  await watchUntil(deployments, () => deployment()?.status?.readyReplicas === 3)

  const shop = new Actor(stage, name)
  const none = { replicas: undefined, selector: undefined, template: undefined }
  const referring = { ...none, workloadRef: { name } } as unknown as Partial<ReleaseSpec>
  await shop.install('v1', referring)
  const traffic = startTraffic({
    url: `${stage.local.gateway.url}/hello`,
    host: `${name}.example.com`,
    perSecond: 50,
    clock: systemPorts().clock,
  })
  await shop.comesTo('Completed')
  await watchUntil(deployments, () => deployment()?.spec.replicas === 0)
  await shop.untilPods({ v1: 3 })

  const at = { namespace: 'default', name }
  await cluster.patch(kinds.deployment, at, 'merge', { spec: { template: template('v2') } })
  await shop.untilPods({ v2: 3 })
  expect(await shop.versions()).toEqual(new Set(['v2']))

  await cluster.remove(kinds.release, at)
  await watchUntil(deployments, () => deployment()?.status?.readyReplicas === 3)
  await watchUntil(stage.releases, () => shop.release === undefined)
  await shop.untilPods({ v2: 3 })
  const { dropped, drops, versions } = await traffic.stop()
  await deployments.stop()
  expect([dropped, drops]).toEqual([0, []])
  expect(Object.keys(versions).sort()).toEqual(['v1', 'v2'])
}, 90_000)
