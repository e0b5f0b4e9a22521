/**
 * Releases under load: more than 20,000 requests through a promotion, an abort, and a controller killed in the middle of
 * a release. Not one may be dropped. The controller is a process of its own, so that it can be killed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '#kube/system.ts'
import { startTraffic, type Traffic } from '#local/traffic/traffic.ts'
import { type ChildController, spawnController } from '../../src/cli/child.ts'
import { Actor, apartGround, openStage, type Stage } from '../scenarios/stage.ts'

const perSecond = 350
const wanted = 20_000
const childOptions = { healthPort: '0', speed: '1', logLevel: 'error' }

let stage: Stage
let controller: ChildController

beforeAll(async () => {
  stage = await openStage(apartGround)
  controller = await spawnController(stage.local, childOptions)
})
afterAll(async () => {
  await controller.stop()
  await stage.stop()
})

/** Resolves when so many requests have had their answer. */
async function reach(traffic: Traffic, requests: number): Promise<void> {
  const clock = systemClock()
  while (traffic.counts().requests < requests) {
    await new Promise<void>((resolve) => clock.after(100, resolve))
  }
}

test('a promotion, an abort and a kill of the controller drop no request', async () => {
  const shop = new Actor(stage, 'load')
  await shop.install('v1', {
    replicas: 3,
    strategy: {
      canary: { steps: [{ weight: 20 }, { pause: '2s' }, { weight: 60 }, { pause: '2s' }] },
    },
  })
  await shop.comesTo('Completed')
  const traffic = startTraffic({
    url: `${stage.local.gateway.url}/hello`,
    host: 'load.example.com',
    perSecond,
    clock: systemClock(),
  })

  await shop.ask('v2')
  await shop.comesTo('Completed')

  await shop.ask('v3')
  await shop.until(({ status }) => status?.step?.index === 3)
  await shop.command('abort')
  await shop.comesTo('Failed')

  await shop.ask('v4')
  await shop.until(({ status }) => status?.step?.index === 1)
  controller.process.kill('SIGKILL')
  await controller.ended
  // The lease of the killed one has to run out before another leads.
  controller = await spawnController(stage.local, childOptions)
  await shop.comesTo('Completed')

  await reach(traffic, wanted)
  const { requests, dropped, drops, versions } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
  expect(requests).toBeGreaterThanOrEqual(wanted)
  expect(Object.keys(versions).toSorted()).toEqual(['v1', 'v2', 'v3', 'v4'])
}, 240_000)
