/** Variables from a real etcd, over TLS and with its password; and what happens when it says nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { etcdClient } from '#doors/deployer/environment/etcd.ts'
import { settingsOf } from '#doors/deployer/settings.ts'
import { type Bench, openBench } from './bench.ts'
import { Client, descriptorOf } from './client.ts'
import { type RealEtcd, realEtcd, rootUser } from './etcd-real.ts'

let etcd: RealEtcd
let bench: Bench
let client: Client
beforeAll(async () => {
  etcd = await realEtcd()
  bench = await openBench({
    speed: 20,
    simulated: true,
    options: { deployerEtcd: etcd.url, deployerEtcdCa: etcd.caFile, deployerProxysleep: '1s' },
    env: { HEADGATE_ETCD_USERNAME: rootUser.name, HEADGATE_ETCD_PASSWORD: rootUser.password },
  })
  client = new Client(bench.url)
})
afterAll(async () => {
  await bench?.stop()
  await etcd?.stop()
})

const deploy = async (app: string) => {
  const id = await client.describe(descriptorOf(app, { useHealthCheck: false }))
  return client.settled(await client.deploy(id))
}
type Pod = KubeObject & {
  readonly spec: { readonly containers: readonly { readonly env: readonly unknown[] }[] }
}

test('keys under /deployer/environment/ become variables of every container', async () => {
  await etcd.put('/deployer/environment/mongo-url', 'mongodb://db:27017/ä?x=1')
  await etcd.put('/deployer/environments', 'not ours')
  expect(await deploy('real')).toMatchObject({ status: 'DEPLOYED', version: '1' })
  const { items } = await bench.cluster.list<Pod>(kinds.pod, { labelSelector: 'app=real' })
  expect(items[0]?.spec.containers[0]?.env).toEqual(
    expect.arrayContaining([{ name: 'MONGO_URL', value: 'mongodb://db:27017/ä?x=1' }]),
  )
  expect(items[0]?.spec.containers[0]?.env).toHaveLength(5)
})

test('an etcd that says nothing fails that deployment alone, and the next one goes through', async () => {
  etcd.pause()
  const failed = await deploy('silent')
  expect(failed).toMatchObject({ status: 'FAILURE' })
  expect(await client.logs(failed.id)).toMatch(/the environment cannot be read from etcd: .*5 s/)
  etcd.resume()
  expect(await deploy('silent')).toMatchObject({ status: 'DEPLOYED', version: '2' })
})

test('a wrong password is a clear failure of the reading', async () => {
  const { environment } = settingsOf({
    options: { deployerEtcd: etcd.url, deployerEtcdCa: etcd.caFile },
    env: { HEADGATE_ETCD_USERNAME: rootUser.name, HEADGATE_ETCD_PASSWORD: 'wrong-password-5521' },
  })
  if (environment.etcd === undefined) throw new Error('no etcd in the settings')
  const wrong = await etcdClient(environment.etcd)
  await expect(wrong.range('/deployer/environment/')).rejects.toThrow(/answered 40\d$/)
  await wrong.close()
})
