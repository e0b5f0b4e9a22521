/** From the original to here: its objects and its status are taken over as they are, also in the middle of a test. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { type Left, leave } from './original.ts'
import { image } from './sample.ts'
import { Actor, type Controlled, openStage, type Stage, timeOf } from './stage.ts'

let stage: Stage
let controller: Controlled | undefined

const status = {
  successfulRelease: true,
  testRunning: false,
  trafficShift: 0,
  lastFailedTag: image('v0'),
} as const

async function leftBehind(name: string, left: Omit<Left, 'name' | 'host'>): Promise<Actor> {
  const app = new Actor(stage, name)
  await leave(app.cluster, { name, host: app.host, ...left })
  await vi.waitFor(async () => expect(await app.ask('/hello')).toMatchObject({ status: 200 }), {
    timeout: 10_000,
  })
  return app
}

async function podsOf(app: Actor): Promise<readonly string[]> {
  const { items } = await app.cluster.list<KubeObject>(kinds.pod, {
    namespace: 'default',
    labelSelector: `app=${app.name}`,
  })
  return items.map(({ metadata }) => metadata.name).sort()
}

let testing: Actor
let resting: Actor
let failed: Actor
/** Names of the pods before our controller comes. */
const pods = new Map<Actor, readonly string[]>()

beforeAll(async () => {
  stage = await openStage()
  testing = await leftBehind('old-testing', {
    primary: 'v1',
    secondary: 'v2',
    weight: 30,
    spec: { prometheusQuery: '', trafficShiftUpdateInterval: 20 },
    status: { ...status, testRunning: true, trafficShift: 30, lastTrafficShift: await now() },
  })
  resting = await leftBehind('old-resting', {
    primary: 'v1',
    weight: 0,
    spec: {
      prometheusQuery: '',
      deploymentReadyWaitTime: 0,
      trafficShiftUpdateInterval: 1,
      trafficShiftStep: 25,
    },
    status,
  })
  failed = await leftBehind('old-failed', {
    primary: 'v1',
    weight: 0,
    spec: { prometheusQuery: '', image: image('v2') },
    status: { ...status, successfulRelease: false, lastFailedTag: image('v2') },
  })
  for (const app of [testing, resting, failed]) pods.set(app, await podsOf(app))
  controller = await stage.startController()
})
afterAll(async () => {
  await controller?.stop()
  await stage?.stop()
})

async function now(): Promise<string> {
  return new Date(await timeOf(stage.local.cluster)).toISOString().replace(/\.\d+Z$/, 'Z')
}

test('in mid-test at 30: the weight does not jump, no pod starts anew, and the test goes on to its end', async () => {
  const traffic = testing.traffic()
  await testing.until(({ status: seen }) => seen?.headgate?.stable?.replicas === 2)
  expect(testing.app?.status).toMatchObject({
    testRunning: true,
    trafficShift: 30,
    primaryImage: image('v1'),
    testedImage: image('v2'),
    lastFailedTag: image('v0'),
  })
  expect(await podsOf(testing)).toEqual(pods.get(testing))
  await testing.serves(image('v2'))
  expect(testing.weights).toEqual([30, 40, 50, 0])
  expect(testing.app?.status?.lastFailedTag).toBe('')
  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
}, 60_000)

test('at rest: nothing starts anew, and the next image is tested from the beginning', async () => {
  await resting.until(({ status: seen }) => seen?.reason === 'Serving')
  expect(await podsOf(resting)).toEqual(pods.get(resting))
  expect(resting.app?.status).toMatchObject({ successfulRelease: true, primaryImage: image('v1') })
  await resting.patch({ image: image('v2') })
  await resting.serves(image('v2'))
  expect(resting.weights).toEqual([0, 25, 50, 0])
}, 60_000)

test('C17: an image that had failed there is not tested here', async () => {
  await failed.until(({ status: seen }) => seen?.phase === 'Failed')
  expect(await podsOf(failed)).toEqual(pods.get(failed))
  expect(failed.imageOf('primary')).toBe(image('v1'))
  expect(failed.app?.status?.lastFailedTag).toBe(image('v2'))
})
