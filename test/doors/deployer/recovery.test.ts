/** Processes that end midway, and people who ask for several things at once. Pods have no processes here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import type { Ingress } from '#core/k8s/ingress.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Service, Workload } from '#core/k8s/workloads.ts'
import { type Bench, openBench } from './bench.ts'
import { Client, descriptorOf } from './client.ts'
import { crashes } from './crashes.suite.ts'
import { followSocket } from './follow.ts'

let bench: Bench
let client: Client
const options = { deployerProxysleep: '2s' }

beforeAll(async () => {
  bench = await openBench({ speed: 20, simulated: true, leads: false, options })
  client = new Client(bench.url)
})
afterAll(async () => {
  await bench?.stop()
})

const plain = (appName: string, more: Record<string, unknown> = {}) =>
  descriptorOf(appName, { useHealthCheck: false, ...more })

crashes(() => bench, 'deploy', [2, 5, 9, 14, 21])

describe('several things at once', () => {
  let stop = async (): Promise<void> => {}
  const begin = async (): Promise<void> => {
    const face = await bench.another()
    face.lead(() => true)
    stop = () => face.stop()
  }
  beforeAll(begin)
  afterAll(() => stop())

  test('two deployments of one application come one after the other, with two numbers', async () => {
    const id = await client.describe(plain('both'))
    const ids = await Promise.all([client.deploy(id), client.deploy(id), client.deploy(id)])
    const settled = await Promise.all(ids.map((one) => client.settled(one)))
    expect(settled.map(({ version }) => version).sort()).toEqual(['1', '2', '3'])
    const after = await Promise.all(ids.map((one) => client.deployment(one)))
    expect(after.map(({ status }) => status).sort()).toEqual([
      'DEPLOYED',
      'UNDEPLOYED',
      'UNDEPLOYED',
    ])
    const last = after.find(({ status }) => status === 'DEPLOYED')
    expect(last?.version).toBe('3')
  })

  test('a replica that does not lead streams the log that another one writes', async () => {
    const id = await client.deploy(await client.describe(plain('elsewhere')))
    const url = `${bench.url}/stream/deployments/${id}/logs?namespace=default`
    const { frames } = await followSocket(url)
    expect(frames.join('')).toBe(await client.logs(id))
    expect(frames.join('')).toMatch(/ deployed\n$/)
  })

  test('an undeployment that is asked for midway comes after the deployment', async () => {
    const deployment = await client.deploy(await client.describe(plain('short')))
    await client.ask('DELETE', `/deployments/${deployment}/?namespace=default`)
    await expect
      .poll(async () => (await client.deployment(deployment)).status, { timeout: 20_000 })
      .toMatch(/UNDEPLOYED|FAILURE/)
    const left = await bench.cluster.list(kinds.service, { labelSelector: 'app=short' })
    expect(left.items).toEqual([])
  })

  test('the same fixed version again is a FAILURE by POST and 409 by PUT, and the first goes on', async () => {
    const id = await client.describe(plain('fixed', { newVersion: '1.0_A' }))
    const first = await client.deploy(id)
    expect(await client.settled(first)).toMatchObject({ status: 'DEPLOYED', version: '1-0-a' })
    const again = await client.deploy(id)
    expect(await client.settled(again)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(again)).toMatch(/version 1-0-a of fixed is deployed already/)
    const put = await client.ask('PUT', `/deployments/${first}/?namespace=default`)
    expect(put.status).toBe(409)
    expect(put.body).toMatch(/version 1-0-a of fixed is running as deployment/)
    expect(await client.deployment(first)).toMatchObject({ status: 'DEPLOYED' })
  })

  test('# after fixed versions goes on from the highest number', async () => {
    const id = await client.describe(plain('mixed', { newVersion: '7' }))
    expect(await client.settled(await client.deploy(id))).toMatchObject({ version: '7' })
    const next = await client.describe(plain('mixed'))
    expect(await client.settled(await client.deploy(next))).toMatchObject({
      status: 'DEPLOYED',
      version: '8',
    })
  })

  test('pods that are never ready are a FAILURE after the limit, without any health check', async () => {
    const namespace = 'brief'
    await bench.cluster.create(kinds.namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    })
    const brief = await bench.another({ namespace, options: { deployerTimeout: '20s' } })
    brief.lead(() => true)
    // The leader of all namespaces must not do it first.
    await stop()
    const own = new Client(bench.url, namespace)
    const bad = plain('never', { tag: 'v1-neverready', namespace })
    const failed = await own.deploy(await own.describe(bad))
    expect(await own.settled(failed)).toMatchObject({ status: 'FAILURE', version: '1' })
    expect(await own.logs(failed)).toMatch(/0 of 2 pods are ready.*; the limit of 20 s is over/)
    for (const kind of [kinds.service, kinds.replicaSet, kinds.pod]) {
      const { items } = await bench.cluster.list(kind, { labelSelector: 'app=never' })
      expect(items).toEqual([])
    }
    await brief.stop()
    await begin()
  })

  test('what the API server refuses is a FAILURE of that deployment, with its words', async () => {
    const bad = plain('refused', {
      podspec: { containers: [{ name: 'No Name', image: 'a', ports: [{ containerPort: 80 }] }] },
    })
    const failed = await client.deploy(await client.describe(bad))
    expect(await client.settled(failed)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(failed)).toMatch(/No Name/)
  })

  test('objects of others are left alone, and the deployment that needs their names fails', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'theirs', namespace: 'default' },
      spec: { ports: [{ port: 1 }], selector: { app: 'theirs' } },
    } as KubeObject
    await bench.cluster.create(kinds.service, service)
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'theirs', namespace: 'default', labels: { app: 'theirs' } },
      spec: { containers: [{ name: 'a', image: 'a:v1' }] },
    } as KubeObject
    await bench.cluster.create(kinds.pod, pod)
    const failed = await client.deploy(await client.describe(plain('theirs')))
    expect(await client.settled(failed)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(failed)).toMatch(/the Service theirs was made by somebody else/)
    const at = { namespace: 'default', name: 'theirs' }
    await bench.cluster.get(kinds.service, at)
    await bench.cluster.get(kinds.pod, at)
  })

  test('two active controllers of one application are a FAILURE', async () => {
    for (const name of ['twofold-1', 'twofold-2'])
      await bench.cluster.create(kinds.replicationController, {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { name, namespace: 'default', labels: { app: 'twofold' } },
        spec: {
          replicas: 1,
          selector: { name },
          template: {
            metadata: { labels: { name } },
            spec: { containers: [{ name: 'a', image: 'a:v1' }] },
          },
        },
      } as KubeObject)
    const failed = await client.deploy(await client.describe(plain('twofold')))
    expect(await client.settled(failed)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(failed)).toMatch(/more than one controller of twofold is active/)
  })

  test('an edit of the Release by hand is taken back, with an Event', async () => {
    const deployment = await client.deploy(await client.describe(plain('edited')))
    await client.settled(deployment)
    const at = { namespace: 'default', name: 'edited' }
    await bench.cluster.patch(kinds.release, at, 'merge', { spec: { replicas: 9 } })
    await expect
      .poll(async () => (await bench.cluster.get<Release>(kinds.release, at)).spec.replicas)
      .toBe(2)
    await expect
      .poll(async () => {
        const { items } = await bench.cluster.list<KubeObject & { readonly reason?: string }>(
          kinds.event,
        )
        return items.map(({ reason }) => reason)
      })
      .toContain('EditTakenBack')
  })

  test('the record alone is deleted where nothing is deployed', async () => {
    const failed = await client.deploy(
      await client.describe(plain('fixed', { newVersion: '1.0_A' })),
    )
    await client.settled(failed)
    const path = `/deployments/${failed}/?namespace=default`
    await client.ask('DELETE', `${path}&deleteDeployment=true`)
    await expect.poll(async () => (await client.ask('GET', path)).status).toBe(404)
    const { items } = await bench.cluster.list(kinds.release)
    expect(items.map(({ metadata }) => metadata.name)).toContain('fixed')
  })

  test('the Service turns after the front is seen to follow, and old pods go after they were drained', async () => {
    const id = await client.describe(plain('order', { frontend: 'order.example.com' }))
    await client.settled(await client.deploy(id))
    const seen: string[] = []
    const note = (what: string): void => {
      if (seen.at(-1) !== what) seen.push(what)
    }
    const services = bench.cluster.watch<Service>(kinds.service, { namespace: 'default' })
    const fronts = bench.cluster.watch<Ingress>(kinds.ingress, { namespace: 'default' })
    const sets = bench.cluster.watch<Workload>(kinds.replicaSet, { namespace: 'default' })
    await Promise.all([services.synced(), fronts.synced(), sets.synced()])
    let turnedAt = 0
    let scaledAt = 0
    services.subscribe((change) => {
      if (change.key !== 'default/order' || change.type !== 'put') return
      if (change.now.spec.selector?.['headgate.dev/revision'] !== '2') return
      note('Service')
      turnedAt ||= performance.now()
    })
    fronts.subscribe((change) => {
      if (change.key !== 'default/order' || change.type !== 'put') return
      if (JSON.stringify(change.now).includes('order-2"')) note('front')
    })
    sets.subscribe((change) => {
      if (change.key !== 'default/order-1' || scaledAt !== 0) return
      if (change.type === 'put' && change.now.spec.replicas !== 0) return
      note('old pods')
      scaledAt = performance.now()
    })
    await client.settled(await client.deploy(id))
    await expect.poll(() => scaledAt, { timeout: 20_000 }).toBeGreaterThan(0)
    expect(seen).toEqual(['front', 'Service', 'old pods'])
    // Two seconds of draining, at twenty times the speed.
    expect(scaledAt - turnedAt).toBeGreaterThan(90)
    await Promise.all([services.stop(), fronts.stop(), sets.stop()])
  })

  test('a first deployment leads nowhere before its pods are found well', async () => {
    const failed = await client.deploy(await client.describe(plain('closed', { tag: 'v1-slow' })))
    const at = { namespace: 'default', name: 'closed' }
    await expect
      .poll(() => bench.cluster.get<Service>(kinds.service, at).catch(() => undefined), {
        interval: 5,
      })
      .toMatchObject({ spec: { selector: { 'deployer.headgate.dev/held': 'true' } } })
    expect(await client.settled(failed)).toMatchObject({ status: 'DEPLOYED' })
    const { spec } = await bench.cluster.get<Service>(kinds.service, at)
    expect(spec.selector).toEqual({ app: 'closed', 'headgate.dev/revision': '1' })
  })

  test('a health check that is to be ignored is not asked', async () => {
    const more = { useHealthCheck: true, ignoreHealthCheck: true, healthCheckPath: 'nothing' }
    const id = await client.deploy(await client.describe(plain('ignored', more)))
    expect(await client.settled(id)).toMatchObject({ status: 'DEPLOYED' })
    const health = await client.ask('GET', `/deployments/${id}/healthcheckdata?namespace=default`)
    expect(health.body).toBe('[]\n')
  })

  test('a name too long for old clusters is told in the log', async () => {
    const id = await client.deploy(await client.describe(plain('a-name-of-thirty-characters-ok')))
    expect(await client.settled(id)).toMatchObject({ status: 'DEPLOYED' })
    expect(await client.logs(id)).toContain('has more than 24 characters')
  })

  test('all records of an application can be deleted, with what serves', async () => {
    const id = await client.describe(plain('wiped'))
    for (let index = 0; index < 2; index += 1) await client.settled(await client.deploy(id))
    const path = '/deployments/?namespace=default&appname=wiped'
    expect((await client.ask('DELETE', `${path}&undeploy=true`)).status).toBe(202)
    await expect
      .poll(async () => (await client.ask('GET', path)).body, { timeout: 20_000 })
      .toBe('[]\n')
    const { items } = await bench.cluster.list(kinds.service, { labelSelector: 'app=wiped' })
    expect(items).toEqual([])
  })

  test('an undeployment whose pods do not go is a FAILURE, not UNDEPLOYED', async () => {
    const id = await client.deploy(await client.describe(plain('stuck', { replicas: 1 })))
    await client.settled(id)
    const { items } = await bench.cluster.list(kinds.pod, { labelSelector: 'app=stuck' })
    const at = { namespace: 'default', name: items[0]?.metadata.name ?? '' }
    const finalizers = (list: readonly string[]) =>
      bench.cluster.patch(kinds.pod, at, 'merge', { metadata: { finalizers: list } })
    await finalizers(['test/hold'])
    await client.ask('DELETE', `/deployments/${id}/?namespace=default`)
    expect(await client.settled(id)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(id)).toContain('1 pods did not go within 90 s')
    await finalizers([])
  })
})
