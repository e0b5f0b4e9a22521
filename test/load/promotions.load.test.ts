/**
 * Promotion under load, by selector, by replace and by handover: 20,000 requests each, none dropped and none refused by a
 * pod that has too much to do. Sixty-four requests are always under way; a pod refuses more than 34 at a time, so that two
 * of four pods are too few for them. The controller is a process of its own, as it is in a cluster.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReleaseWorkloads } from '#core/api/workloads.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { labels } from '#core/render/names.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic, type Traffic } from '#local/traffic/traffic.ts'
import { type ChildController, spawnController } from '../../src/cli/child.ts'
import { Actor, apartGround, openStage, type Stage } from '../scenarios/stage.ts'

const wanted = 20_000
/** By their latency this makes about 700 requests a second, however slow the machine is at a moment. */
const atOnce = 64
const perSecond = 1000
const capacity = 'slow80-max34'

let stage: Stage
let controller: ChildController

beforeAll(async () => {
  stage = await openStage(apartGround)
  controller = await spawnController(stage.local, {
    healthPort: '0',
    speed: '1',
    logLevel: 'error',
  })
})
afterAll(async () => {
  await controller?.stop()
  await stage?.stop()
})

function traffic(name: string, limit: number, rate = perSecond): Traffic {
  return startTraffic({
    url: `${stage.local.gateway.url}/hello`,
    host: `${name}.example.com`,
    perSecond: rate,
    limit,
    atOnce,
    clock: systemClock(),
  })
}

/** Names of the release's pods that are there to stay. */
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

const ways = [
  ['selector', {}],
  ['replace', { naming: 'role', kind: 'Deployment' }],
  ['handover', { naming: 'role', kind: 'ReplicaSet' }],
] as const satisfies readonly (readonly [string, ReleaseWorkloads])[]

test.each(ways)(
  'a promotion by %s drops and overloads nothing',
  async (way, workloads) => {
    const shop = new Actor(stage, `load-${way}`)
    await shop.install(`v1-${capacity}`, {
      replicas: 4,
      workloads,
      strategy: {
        canary: { steps: [{ weight: 50 }, { pause: '1s' }, { weight: 100 }, { pause: {} }] },
      },
    })
    await shop.comesTo('Completed')
    const before = await podsOf(shop.name)
    const asking = traffic(shop.name, wanted)

    await shop.ask(`v2-${capacity}`)
    await shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
    const judged = (await podsOf(shop.name)).filter((pod) => !before.includes(pod))
    await shop.command('promote')
    await shop.comesTo('Completed')
    expect(asking.counts().requests, 'the promotion ended under load').toBeLessThan(wanted)

    const { requests, dropped, drops, errorsServed, versions } = await asking.done
    expect([dropped, drops, errorsServed]).toEqual([0, [], 0])
    expect(requests).toBeGreaterThanOrEqual(wanted)
    expect(Object.keys(versions).sort()).toEqual([`v1-${capacity}`, `v2-${capacity}`])
    if (way === 'handover') expect(await podsOf(shop.name)).toEqual(judged)
  },
  120_000,
)

test('the probe refuses what is too much for a pod', async () => {
  const shop = new Actor(stage, 'small')
  await shop.install('v1-slow100-max2', { replicas: 1 })
  await shop.comesTo('Completed')
  const { errorsServed, dropped } = await traffic(shop.name, 200, 200).done
  expect(errorsServed).toBeGreaterThan(0)
  expect(dropped).toBe(0)
}, 30_000)
