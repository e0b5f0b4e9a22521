/**
 * What only a real server shows: the controller is killed at each of its writes, the API server restarts midway, etcd
 * forgets its history, the leader stands still. Requests go on all the time and none is dropped; each release comes to its end.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReleaseSpec } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic, type Traffic } from '#local/traffic/traffic.ts'
import { Actor, openStage, type Stage } from '../scenarios/stage.ts'
import { type ControllerProcess, startControllerProcess } from './controller-process.ts'
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts'
import { type RealGround, realGround } from './ground.ts'

const alone = ['--no-leader-elect']
let real: RealGround
let stage: Stage
let proxy: CuttingProxy

beforeAll(async () => {
  real = await realGround()
  stage = await openStage(async () => real)
  proxy = await cuttingProxy(real.apiServer.kubeconfig())
})
afterAll(async () => {
  await proxy?.close()
  await real?.stop()
})

/** A release that serves v1, with requests that go on. */
async function serving(name: string, spec: Partial<ReleaseSpec> = {}): Promise<[Actor, Traffic]> {
  const shop = new Actor(stage, name)
  const strategy = { canary: { steps: [{ weight: 50 }] } }
  await shop.install('v1', { traffic: { route: name, settle: '100ms' }, strategy, ...spec })
  await shop.comesTo('Completed')
  const url = `${real.gateway.url}/hello`
  const host = `${name}.example.com`
  return [shop, startTraffic({ url, host, perSecond: 30, atOnce: 8, clock: systemClock() })]
}

async function unharmed(traffic: Traffic): Promise<void> {
  const { dropped, drops, errorsServed, requests } = await traffic.stop()
  expect([dropped, drops, errorsServed]).toEqual([0, [], 0])
  expect(requests).toBeGreaterThan(40)
}

test('the controller dies at every write of a canary, before it or after it', async () => {
  let controller = await startControllerProcess(proxy.kubeconfig, alone)
  const [shop, traffic] = await serving('killed')
  let writes = 0
  // At first nobody dies, and the writes are counted.
  for (let k = 0; k === 0 || k <= writes; k += 1) {
    const cut = cutAt(k)
    if (k === 0) writes = 0
    await shop.ask(`v${k + 2}`)
    if (k > 0) {
      await Promise.race([cut, shop.comesTo('Completed')])
      controller.signal('SIGKILL')
      await controller.ended
      proxy.decide = () => 'goes on'
      controller = await startControllerProcess(proxy.kubeconfig, alone)
    }
    await shop.comesTo('Completed')
    await shop.untilPods({ [`v${k + 2}`]: 2 })
    if (k === 0) writes = counted
  }
  await controller.stop()
  await unharmed(traffic)
  console.log(`killed at each of ${writes} writes`)
  expect(writes).toBeGreaterThan(8)
  expect(await setsWithPods(shop.name)).toBe(1)
})

let counted = 0

/** Resolves when the k-th write came and was cut off; every second one takes effect first. */
function cutAt(k: number): Promise<void> {
  counted = 0
  return new Promise((resolve) => {
    proxy.decide = () => {
      counted += 1
      if (counted !== k) return counted > k && k > 0 ? 'is kept back' : 'goes on'
      // A moment for those that take effect to do so.
      systemClock().after(50, resolve)
      return k % 2 === 0 ? 'is done unheard' : 'is kept back'
    }
  })
}

async function setsWithPods(name: string): Promise<number> {
  type Set = KubeObject & { readonly spec: { readonly replicas?: number } }
  const { items } = await stage.local.cluster.list<Set>(kinds.replicaSet, {
    labelSelector: `headgate.dev/release=${name}`,
  })
  return items.filter(({ spec }) => (spec.replicas ?? 0) > 0).length
}

const paused = { canary: { steps: [{ weight: 50 }, { pause: '4s' }] } } as const

test('the API server restarts midway', async () => {
  const controller = await startControllerProcess(real.apiServer.kubeconfig(), alone)
  const [shop, traffic] = await serving('restarted', { strategy: paused })
  await shop.ask('v2')
  await shop.until(({ status }) => status?.reason?.type === 'WaitingForPause')
  await real.real.order('restart the API server')
  await shop.comesTo('Completed')
  await controller.stop()
  await unharmed(traffic)
})

test('etcd forgets its history while the controller stands still', async () => {
  const controller = await startControllerProcess(real.apiServer.kubeconfig(), alone)
  const [shop, traffic] = await serving('compacted', { strategy: paused })
  await shop.ask('v2')
  await shop.until(({ status }) => status?.reason?.type === 'WaitingForPause')
  controller.signal('SIGSTOP')
  for (let change = 0; change < 5; change += 1) {
    const annotations = { change: String(change) }
    const at = { namespace: 'default', name: `${shop.name}-stable` }
    await stage.local.cluster.patch(kinds.service, at, 'merge', { metadata: { annotations } })
  }
  await real.real.order('compact etcd')
  await real.real.order('restart the API server')
  controller.signal('SIGCONT')
  await shop.comesTo('Completed')
  await controller.stop()
  await unharmed(traffic)
})

test('the leader stands still: another one takes over, and the first writes nothing when it wakes', async () => {
  const first = await startControllerProcess(proxy.kubeconfig)
  await first.leads
  const second = await startControllerProcess(real.apiServer.kubeconfig())
  const [shop, traffic] = await serving('frozen', { strategy: paused })
  await shop.ask('v2')
  await shop.until(({ status }) => status?.reason?.type === 'WaitingForPause')
  first.signal('SIGSTOP')
  const late: string[] = []
  proxy.decide = (line) => {
    late.push(line)
    return 'goes on'
  }
  await second.leads
  await shop.comesTo('Completed')
  await shop.ask('v3')
  await shop.until(({ status }) => status?.reason?.type === 'WaitingForPause')
  first.signal('SIGCONT')
  await shop.comesTo('Completed')
  await stopBoth(first, second)
  await unharmed(traffic)
  expect(late).toEqual([])
})

function stopBoth(...both: readonly ControllerProcess[]): Promise<unknown> {
  return Promise.all(both.map((one) => one.stop()))
}
