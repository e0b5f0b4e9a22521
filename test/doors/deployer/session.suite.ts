/**
 * The life of an application as the original's document tells it, with real pods, the local gateway and real traffic:
 * each part goes on where the one before ended.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ingress } from '#core/k8s/ingress.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Service, Workload } from '#core/k8s/workloads.ts'
import type { Variable } from '#doors/deployer/template.ts'
import { isKube } from '#kube/errors.ts'
import { type Bench, type BenchOptions, openBench } from './bench.ts'
import { Client, descriptorOf, idIn } from './client.ts'
import { followEvents, followSocket } from './follow.ts'
import { load, versionAt } from './traffic.ts'

/** `injected` is what the platform gives to pods beside their own. */
export function session(
  options: BenchOptions | (() => Promise<BenchOptions>),
  injected: readonly Variable[] = [],
): void {
  describe('a session', () => life(options, injected))
}

function life(
  options: BenchOptions | (() => Promise<BenchOptions>),
  injected: readonly Variable[],
): void {
  let bench: Bench
  let client: Client
  beforeAll(async () => {
    const given = typeof options === 'function' ? await options() : options
    bench = await openBench({
      ...given,
      options: { deployerProxysleep: '4s', ...given.options },
    })
    client = new Client(bench.url)
  })
  afterAll(async () => {
    await bench?.stop()
  })

  const at = (name: string) => ({ namespace: 'default', name })
  const host = 'shop.example.com'
  const stream = (id: string): string =>
    `${bench.url}/stream/deployments/${id}/logs?namespace=default`
  const exists = (kind: (typeof kinds)[keyof typeof kinds], name: string): Promise<boolean> =>
    bench.cluster.get(kind, at(name)).then(
      () => true,
      (error: unknown) => {
        if (isKube(error, 'NotFound')) return false
        throw error
      },
    )

  let descriptorId = ''
  let first = ''
  let second = ''

  test('a first deployment comes up as version 1, its log streams, its pods tell of their health', async () => {
    descriptorId = await client.describe(descriptorOf('shop'))
    first = await client.deploy(descriptorId)
    const [followed, events, settled] = await Promise.all([
      followSocket(stream(first)),
      followEvents(stream(first)),
      client.settled(first),
    ])
    expect(settled).toMatchObject({ id: first, status: 'DEPLOYED', version: '1' })
    const log = await client.logs(first)
    expect(followed.frames.join('')).toBe(log)
    expect(followed.code).toBe(1000)
    expect(followed.frames.length).toBeGreaterThan(2)
    expect(events).toBe(log)
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S/
    expect(
      log
        .split('\n')
        .slice(0, -1)
        .every((line) => time.test(line)),
    ).toBe(true)
    const health = await client.ask(
      'GET',
      `/deployments/${first}/healthcheckdata?namespace=default`,
    )
    const data = JSON.parse(health.body) as { podName: string; value: string }[]
    expect(data).toHaveLength(2)
    expect(data.every(({ value }) => value === '{"healthy":true}\n')).toBe(true)
    expect(data.every(({ podName }) => podName.startsWith('shop-1-'))).toBe(true)
    expect(await versionAt(bench.gateway, host)).toBe('v1')
  })

  test('both Services, the controller and the Ingress bear the names and labels of the document', async () => {
    const own = { app: 'shop', version: '1', name: 'shop-1' }
    const set = await bench.cluster.get<Workload>(kinds.replicaSet, at('shop-1'))
    expect(set.metadata.labels).toMatchObject(own)
    expect(set.spec.template.metadata?.labels).toMatchObject(own)
    expect(set.metadata.annotations).toMatchObject({
      deploymentId: first,
      appName: 'shop',
      version: '1',
      useHealthCheck: 'true',
      healthCheckPath: 'health',
      healthCheckType: 'probe',
      frontend: host,
    })
    const versioned = await bench.cluster.get<Service>(kinds.service, at('shop-1'))
    expect(versioned.metadata.labels).toMatchObject(own)
    expect(versioned.spec).toMatchObject({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ports: [{ port: 8080, targetPort: 8080, protocol: 'TCP' }],
    })
    const staying = await bench.cluster.get<Service>(kinds.service, at('shop'))
    expect(staying.metadata.labels).toMatchObject({ app: 'shop', name: 'shop', persistent: 'true' })
    expect(staying.spec).toMatchObject({ ports: [{ port: 8080, targetPort: 'http' }] })
    const ingress = await bench.cluster.get<Ingress>(kinds.ingress, at('shop'))
    expect(ingress.spec?.ingressClassName).toBe('nginx')
    expect(ingress.spec?.rules?.[0]).toMatchObject({
      host,
      http: { paths: [{ backend: { service: { name: 'shop-1', port: { number: 8080 } } } }] },
    })
  })

  test('pods get their names, their version and the variables of the application', async () => {
    const { items } = await bench.cluster.list<
      KubeObject & { readonly spec: { readonly containers: readonly { readonly env: unknown }[] } }
    >(kinds.pod, { namespace: 'default', labelSelector: 'app=shop' })
    expect(items[0]?.spec.containers[0]?.env).toMatchObject([
      { name: 'APP_NAME', value: 'shop' },
      { name: 'POD_NAMESPACE', value: 'default' },
      { name: 'APP_VERSION', value: '1' },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ...injected,
    ])
  })

  test('a second deployment is version 2, no request is dropped, and the first is history', async () => {
    const update = { ...descriptorOf('shop', { tag: 'v2' }), id: descriptorId }
    const put = await client.ask('PUT', `/descriptors/${descriptorId}/?namespace=default`, update)
    expect(put.status).toBe(204)
    const under = load(bench.gateway, host)
    second = await client.deploy(descriptorId)
    expect(await client.settled(second)).toMatchObject({ status: 'DEPLOYED', version: '2' })
    expect(await versionAt(bench.gateway, host)).toBe('v2')
    expect(await client.deployment(first)).toMatchObject({ status: 'UNDEPLOYED', version: '1' })
    expect(await client.logs(first)).toMatch(/ replaced by version 2\n$/)
    const ingress = await bench.cluster.get<Ingress>(kinds.ingress, at('shop'))
    expect(JSON.stringify(ingress.spec)).toContain('"shop-2"')
    await expect.poll(() => exists(kinds.service, 'shop-1'), { timeout: 60_000 }).toBe(false)
    expect(await exists(kinds.service, 'shop')).toBe(true)
    const { dropped, versions } = await under.stop()
    expect(dropped).toEqual([])
    expect(Object.keys(versions).sort()).toEqual(['v1', 'v2'])
  })

  test('an unhealthy version fails, never gets a request, and leaves nothing behind', async () => {
    const bad = descriptorOf('shop', { tag: 'v3', healthCheckPath: 'nothing' })
    const under = load(bench.gateway, host)
    let failed = ''
    await bench.within('16s', async () => {
      failed = await client.deploy(await client.describe(bad))
      expect(await client.settled(failed)).toMatchObject({ status: 'FAILURE', version: '3' })
    })
    const { dropped, versions } = await under.stop()
    expect(dropped).toEqual([])
    expect(Object.keys(versions)).toEqual(['v2'])
    expect(await exists(kinds.service, 'shop-3')).toBe(false)
    expect(await exists(kinds.replicaSet, 'shop-3')).toBe(false)
    expect(await client.deployment(second)).toMatchObject({ status: 'DEPLOYED' })
    expect(await client.logs(failed)).toMatch(
      /failed: 0 of 2 pods are healthy.*; the limit of 16 s is over/,
    )
  })

  test('redeploying the first by PUT makes a new deployment with a new number', async () => {
    const { status, headers } = await client.ask('PUT', `/deployments/${first}/?namespace=default`)
    expect(status).toBe(202)
    const again = idIn(headers['location'])
    expect(again).not.toBe(first)
    expect(await client.settled(again)).toMatchObject({ status: 'DEPLOYED', version: '4' })
    expect(await versionAt(bench.gateway, host)).toBe('v1')
    expect(await client.deployment(second)).toMatchObject({ status: 'UNDEPLOYED' })
    second = again
  })

  test('undeploying passes UNDEPLOYING, and nothing of the application is left but history', async () => {
    const gone = await client.ask('DELETE', `/deployments/${second}/?namespace=default`)
    expect(gone.status).toBe(202)
    expect(gone.headers['location']).toBe(`/deployments/${second}/?namespace=default`)
    expect(['UNDEPLOYING', 'UNDEPLOYED']).toContain((await client.deployment(second)).status)
    expect(await client.settled(second)).toMatchObject({ status: 'UNDEPLOYED', version: '4' })
    for (const [kind, name] of [
      [kinds.ingress, 'shop'],
      [kinds.service, 'shop'],
      [kinds.service, 'shop-4'],
      [kinds.replicaSet, 'shop-4'],
      [kinds.release, 'shop'],
    ] as const)
      expect([name, await exists(kind, name)]).toEqual([name, false])
    const { items } = await bench.cluster.list(kinds.pod, { labelSelector: 'app=shop' })
    expect(items).toEqual([])
    const { body } = await client.ask('GET', '/deployments/?namespace=default&appname=shop')
    const history = JSON.parse(body) as { version: string; status: string }[]
    expect(history.map(({ version, status }) => [version, status])).toEqual([
      ['1', 'UNDEPLOYED'],
      ['2', 'UNDEPLOYED'],
      ['3', 'FAILURE'],
      ['4', 'UNDEPLOYED'],
    ])
  })

  test('a number is never used again, and a record that is deleted is gone with its log', async () => {
    const wipe = await client.ask('DELETE', '/deployments/?namespace=default&appname=shop')
    expect(wipe.status).toBe(202)
    await expect
      .poll(async () => (await client.ask('GET', '/deployments/?namespace=default')).body)
      .toBe('[]\n')
    const last = await client.deploy(descriptorId)
    expect(await client.settled(last)).toMatchObject({ status: 'DEPLOYED', version: '5' })
    const path = `/deployments/${last}/?namespace=default`
    expect((await client.ask('DELETE', `${path}&deleteDeployment=true`)).status).toBe(202)
    await expect
      .poll(async () => (await client.ask('GET', path)).status, { timeout: 60_000 })
      .toBe(404)
    expect((await client.ask('GET', `/deployments/${last}/logs?namespace=default`)).status).toBe(
      404,
    )
  })
}
