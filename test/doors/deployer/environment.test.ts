/** Variables from etcd and from a ConfigMap, on their way into pods and nowhere else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { environmentFor, variables } from '#doors/deployer/environment/environment.ts'
import { etcdClient } from '#doors/deployer/environment/etcd.ts'
import { settingsOf } from '#doors/deployer/settings.ts'
import { type Bench, openBench } from './bench.ts'
import { Client, descriptorOf } from './client.ts'
import { type EtcdDouble, etcdDouble, etcdUser } from './etcd-double.ts'

describe('names', () => {
  test('are upper-cased, dashes become underscores, and a later word wins', () => {
    expect(
      variables([
        ['db-host', 'a'],
        ['mongo_url', 'b'],
        ['DB_HOST', 'c'],
      ]),
    ).toEqual([
      { name: 'DB_HOST', value: 'c' },
      { name: 'MONGO_URL', value: 'b' },
    ])
  })

  test('that no variable can have are left out', () => {
    expect(
      variables([
        ['', 'a'],
        ['a b', 'b'],
        ['1a', 'c'],
        ['a/b', 'd'],
      ]),
    ).toEqual([])
  })
})

describe('etcd', () => {
  const open = async (url: string, env: Record<string, string> = {}) => {
    const { environment } = settingsOf({ options: { deployerEtcd: url }, env })
    if (environment.etcd === undefined) throw new Error('no etcd in the settings')
    return etcdClient(environment.etcd)
  }

  test('is asked with its password where it has one', async () => {
    const etcd = await etcdDouble(true)
    etcd.data.set('/deployer/environment/a', '1')
    const known = await open(etcd.url, {
      HEADGATE_ETCD_USERNAME: etcdUser.name,
      HEADGATE_ETCD_PASSWORD: etcdUser.password,
    })
    const unknown = await open(etcd.url)
    try {
      expect(await known.range('/deployer/environment/')).toEqual([
        { key: '/deployer/environment/a', value: '1' },
      ])
      await expect(unknown.range('/deployer/environment/')).rejects.toThrow('answered 401')
    } finally {
      await Promise.all([known.close(), unknown.close(), etcd.stop()])
    }
  })

  test('has several addresses, of which one may be away', async () => {
    const etcd = await etcdDouble()
    etcd.data.set('/deployer/environment/a', '1')
    etcd.data.set('/deployer/environments', 'not ours')
    const client = await open(`http://127.0.0.1:1,${etcd.url}`)
    try {
      expect(await client.range('/deployer/environment/')).toHaveLength(1)
    } finally {
      await client.close()
      await etcd.stop()
    }
  })

  test('with a user or a path in its address is refused at start', () => {
    for (const deployerEtcd of ['http://a:b@etcd:2379', 'http://etcd/v2', 'etcd:2379'])
      expect(() => settingsOf({ options: { deployerEtcd }, env: {} })).toThrow(/is no address/)
  })
})

describe('a deployment', () => {
  let bench: Bench
  let etcd: EtcdDouble
  let client: Client
  beforeAll(async () => {
    etcd = await etcdDouble()
    const options = {
      deployerEtcd: etcd.url,
      deployerEnvironmentConfigmap: 'environment',
      deployerProxysleep: '1s',
    }
    bench = await openBench({ speed: 20, simulated: true, options })
    client = new Client(bench.url)
    await bench.cluster.create(kinds.configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'environment', namespace: 'default' },
      data: { 'from-map': 'm', 'from-both': 'map' },
    } as KubeObject)
  })
  afterAll(async () => {
    await bench?.stop()
    await etcd?.stop()
  })
  const plain = (app: string) => descriptorOf(app, { useHealthCheck: false })

  test('gives every container the variables, and no answer has them', async () => {
    etcd.data.set('/deployer/environment/mongo-url', 'planted-value-93b1')
    etcd.data.set('/deployer/environment/from-both', 'etcd')
    const id = await client.deploy(await client.describe(plain('env')))
    expect(await client.settled(id)).toMatchObject({ status: 'DEPLOYED' })
    const { items } = await bench.cluster.list<
      KubeObject & {
        readonly spec: { readonly containers: readonly { readonly env: readonly unknown[] }[] }
      }
    >(kinds.pod, { labelSelector: 'app=env' })
    expect(items[0]?.spec.containers[0]?.env).toEqual(
      expect.arrayContaining([
        { name: 'MONGO_URL', value: 'planted-value-93b1' },
        { name: 'FROM_BOTH', value: 'map' },
        { name: 'FROM_MAP', value: 'm' },
      ]),
    )
    const bodies = await Promise.all([
      client.ask('GET', `/deployments/${id}/?namespace=default`),
      client.ask('GET', `/deployments/${id}/logs?namespace=default`),
      client.ask('GET', '/descriptors/?namespace=default'),
    ])
    expect(bodies.map(({ body }) => body).join('')).not.toContain('planted-value')
    expect(bodies[1]?.body).toContain('environment: FROM_BOTH, MONGO_URL, FROM_MAP')
  })

  for (const [manner, why] of [
    ['broken', 'answered 500'],
    ['garbled', 'answered something that is no JSON'],
    ['silent', 'did not answer within 5 s'],
  ] as const) {
    test(`fails clearly when etcd is ${manner}, and nothing else does`, async () => {
      etcd.be(manner)
      const app = `etcd-${manner}`
      const id = await client.deploy(await client.describe(plain(app)))
      expect(await client.settled(id)).toMatchObject({ status: 'FAILURE' })
      expect(await client.logs(id)).toContain(why)
      for (const kind of [kinds.service, kinds.replicaSet]) {
        const { items } = await bench.cluster.list(kind, { labelSelector: `app=${app}` })
        expect(items).toEqual([])
      }
      etcd.be('well')
      const { body } = await client.ask('GET', '/deployments/?namespace=default&appname=env')
      expect(body).toContain('"DEPLOYED"')
    })
  }

  test('fails clearly without the ConfigMap that was named', async () => {
    const { environment } = settingsOf({
      options: { deployerEnvironmentConfigmap: 'nowhere' },
      env: {},
    })
    const ask = environmentFor({ cluster: bench.cluster, etcd: undefined }, environment, 'default')
    await expect(ask).rejects.toThrow('the ConfigMap nowhere with the environment does not exist')
  })
})
