/** A cluster without Istio: what needs none of it comes up, a condition says what is missing, the rest follows by itself. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { istioCrds } from '#local/crds/istio.ts'
import { established } from '#local/definitions.ts'
import { image } from './sample.ts'
import { Actor, type Controlled, openStage, type Stage } from './stage.ts'

let stage: Stage
let controller: Controlled
let app: Actor

beforeAll(async () => {
  stage = await openStage()
  const { cluster } = stage.local
  for (const { metadata } of istioCrds()) {
    await cluster.remove(kinds.customResourceDefinition, { name: metadata.name })
    await vi.waitFor(async () => {
      const found = cluster.get(kinds.customResourceDefinition, { name: metadata.name })
      await expect(found).rejects.toThrow('not found')
    })
  }
  controller = await stage.startController()
  app = new Actor(stage, 'without-istio')
})
afterAll(async () => {
  await controller?.stop()
  await stage?.stop()
})

test('weakness 4: Deployment and Service come up, and MeshReady says what is missing', async () => {
  await app.install({
    prometheusQuery: '',
    deploymentReadyWaitTime: 0,
    trafficShiftUpdateInterval: 1,
    trafficShiftStep: 50,
  })
  expect(app.imageOf('primary')).toBe(image('v1'))
  await app.cluster.get<KubeObject>(kinds.service, app.at)
  const condition = app.app?.status?.conditions?.find(({ type }) => type === 'MeshReady')
  expect(condition).toMatchObject({ status: 'False', reason: 'RouteMissing' })
  expect(condition?.message).toMatch(/the cluster does not serve VirtualService.*install/)
})

test('an image that is asked for meanwhile waits, and does not fail', async () => {
  await app.patch({ image: image('v2') })
  await app.until(({ status, metadata }) => status?.observedGeneration === metadata.generation)
  expect(app.app?.status?.lastFailedTag).toBe('')
  expect(app.imageOf('primary')).toBe(image('v1'))
})

test('when the definitions appear the mesh objects follow by themselves, and the test begins', async () => {
  const { cluster } = stage.local
  for (const crd of istioCrds()) await cluster.create(kinds.customResourceDefinition, crd)
  await established(
    cluster,
    istioCrds().map(({ metadata }) => metadata.name),
  )
  await app.untilRoutes(() => app.route !== undefined && app.mesh !== undefined)
  await app.serves(image('v2'))
  expect(app.app?.status?.conditions?.find(({ type }) => type === 'MeshReady')?.status).toBe('True')
}, 60_000)
