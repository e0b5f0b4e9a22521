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
  trafficShiftStep: 25,
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

type Pod = KubeObject & {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

/** Names of the primary's pods that are ready and stay. */
async function primaryPods(): Promise<readonly string[]> {
  const labelSelector = `app=${app.name},service=primary`
  const { items } = await app.cluster.list<Pod>(kinds.pod, { namespace: 'default', labelSelector })
  const isReady = ({ metadata, status }: Pod): boolean =>
    metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  return items.filter(isReady).map(({ metadata }) => metadata.name)
}

test('the pods of the primary are killed one after another in mid-test: the test goes on, with 0 dropped', async () => {
  const traffic = app.traffic()
  await app.patch({ image: image('v2') })
  await app.untilWeight(25)
  for (const name of await primaryPods()) {
    await app.cluster.remove(kinds.pod, { namespace: 'default', name })
    const others = async (): Promise<number> =>
      (await primaryPods()).filter((one) => one !== name).length
    await expect.poll(others, { timeout: 20_000 }).toBe(2)
  }
  await app.serves(image('v2'))
  expect(app.app?.status).toMatchObject({ successfulRelease: true, lastFailedTag: '' })
  expect(app.weights).toEqual([0, 25, 50, 0])
  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
}, 60_000)

test('the primary Deployment is deleted in mid-test: it is made again with its own image, and the test goes on', async () => {
  await app.patch({ image: image('v3') })
  await app.untilWeight(25)
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
  await app.untilWeight(25)
  await controller.stop()
  await app.cluster.remove(kinds.deployment, { ...app.at, name: `${app.name}-primary` })
  await app.untilDeployments(() => app.deployment('primary') === undefined)
  controller = await stage.startController()
  await app.untilDeployments(() => app.deployment('primary') !== undefined)
  expect(app.imageOf('primary')).toBe(image('v3'))
  await app.serves(image('v4'))
}, 60_000)
