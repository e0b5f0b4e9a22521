/** Pods, Deployments and the controller lost in the middle of a test. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { image } from './sample.ts'
import { Actor, type Controlled, openStage, type Stage } from './stage.ts'

let stage: Stage
let controller: Controlled
let app: Actor

const quick = {
  prometheusQuery: '',
  deploymentReadyWaitTime: 0,
  trafficShiftUpdateInterval: 10,
} as const

beforeAll(async () => {
  stage = await openStage()
  controller = await stage.startController()
  app = new Actor(stage, 'losing')
  await app.install(quick)
})
afterAll(async () => {
  await controller?.stop()
  await stage?.stop()
})

async function primaryPods(): Promise<readonly KubeObject[]> {
  const labelSelector = `app=${app.name},service=primary`
  const { items } = await app.cluster.list(kinds.pod, { namespace: 'default', labelSelector })
  return items
}

test('the pods of the primary are killed one after another in mid-test: the test goes on, with 0 dropped', async () => {
  const traffic = app.traffic()
  await app.patch({ image: image('v2') })
  await app.untilWeight(20)
  for (const { metadata } of await primaryPods()) {
    await app.cluster.remove(kinds.pod, { namespace: 'default', name: metadata.name })
    await expect
      .poll(() => app.deployment('primary'), { timeout: 10_000 })
      .toMatchObject({ status: { readyReplicas: 2, availableReplicas: 2 } })
  }
  await app.serves(image('v2'))
  expect(app.app?.status).toMatchObject({ successfulRelease: true, lastFailedTag: '' })
  expect(app.weights).toEqual([0, 10, 20, 30, 40, 50, 0])
  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
}, 60_000)

test('the primary Deployment is deleted in mid-test: it is made again with its own image, and the test goes on', async () => {
  await app.patch({ image: image('v3') })
  await app.untilWeight(20)
  const { uid } = app.deployment('primary')?.metadata ?? {}
  await app.cluster.remove(kinds.deployment, { ...app.at, name: `${app.name}-primary` })
  await app.untilDeployments(() => {
    const now = app.deployment('primary')
    return now !== undefined && now.metadata.uid !== uid
  })
  expect(app.imageOf('primary')).toBe(image('v2'))
  await app.serves(image('v3'))
  expect(app.app?.status?.lastFailedTag).toBe('')
}, 60_000)

test('it is deleted while no controller looks: the next one knows its image nevertheless', async () => {
  await app.patch({ image: image('v4') })
  await app.untilWeight(10)
  await controller.stop()
  await app.cluster.remove(kinds.deployment, { ...app.at, name: `${app.name}-primary` })
  await app.untilDeployments(() => app.deployment('primary') === undefined)
  controller = await stage.startController()
  await app.untilDeployments(() => app.deployment('primary') !== undefined)
  expect(app.imageOf('primary')).toBe(image('v3'))
  await app.serves(image('v4'))
}, 60_000)
