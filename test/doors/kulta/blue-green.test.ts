/** KULTA's own blue-green example, unchanged: preview by its own host, promotion by annotation, three releases in a row. */
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Rollout } from '#doors/kulta/rollout.ts'
import { kultaStage, Player } from './kulta-stage.ts'

const stage = kultaStage({ speed: 20 })
const both = { 'my-app-active': 3, 'my-app-preview': 3 }

async function previews(app: Player): Promise<void> {
  await app.comesTo('Preview', ({ message }) => /waits until somebody promotes/.test(message ?? ''))
}

/** A preview is paused only by somebody, and shown again when he lets go. */
async function pauseAndResume(app: Player): Promise<void> {
  await app.annotate('kulta.io/pause', 'true')
  await app.comesTo('Paused')
  await app.until(({ metadata }) => metadata.annotations?.['kulta.io/pause'] === undefined)
  await app.annotate('kulta.io/pause', 'false')
  await previews(app)
}

describe('blue-green', () => {
  test('three releases in a row, each seen at its own host before it is promoted', async () => {
    const app = new Player(stage(), 'blue-green')
    await app.open()
    await app.apply('examples/kulta/blue-green/gateway.yaml')
    await app.apply('examples/kulta/blue-green/rollout.yaml')
    await previews(app)
    expect(app.replicas()).toEqual(both)
    expect(app.weights()).toEqual({ 'my-app-active': 100, 'my-app-preview': 0 })
    expect([app.status.currentWeight, app.status.currentStepIndex]).toEqual([undefined, undefined])
    await app.annotate('kulta.io/promote', 'true')
    await app.comesTo('Completed')
    const traffic = app.traffic()
    let before = 'v2.0.0'
    for (const version of ['v2.1.0', 'v2.2.0', 'v2.3.0']) {
      await app.image(version)
      await previews(app)
      expect(app.replicas()).toEqual(both)
      expect(app.weights()).toEqual({ 'my-app-active': 100, 'my-app-preview': 0 })
      if (version === 'v2.1.0') await pauseAndResume(app)
      expect(await app.versions({}, `preview.${app.host}`)).toEqual(new Set([version]))
      expect(await app.versions()).toEqual(new Set([before]))
      await app.annotate('kulta.io/promote', 'true')
      await app.comesTo('Completed')
      expect(app.weights()).toEqual({ 'my-app-active': 0, 'my-app-preview': 100 })
      await app.untilReplicas({ 'my-app-preview': 3 })
      expect(await app.versions()).toEqual(new Set([version]))
      before = version
    }
    // What was decided stays to be read, release after release.
    const promotions = app.status.decisions?.filter(({ action }) => action === 'Promotion')
    expect(promotions?.length).toBe(4)
    const ends = app.status.decisions?.filter(({ action }) => action === 'Complete')
    expect(ends?.length).toBe(4)
    expect(app.status.decisions?.[0]?.action).toBe('Initialize')
    const { dropped, drops } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
  })

  test('promotes itself after its seconds, and not without being told to', async () => {
    const app = new Player(stage(), 'automatic')
    await app.open()
    await app.apply('examples/kulta/blue-green/gateway.yaml')
    await app.apply('examples/kulta/blue-green/rollout.yaml', (object: KubeObject) => {
      const { spec, ...rollout } = object as Rollout
      const automatic = { autoPromotionEnabled: true, autoPromotionSeconds: 5 }
      const blueGreen = { ...spec.strategy.blueGreen, ...automatic }
      return { ...rollout, spec: { ...spec, replicas: 1, strategy: { blueGreen } } } as KubeObject
    })
    await app.comesTo('Completed')
    expect(app.weights()).toEqual({ 'my-app-active': 0, 'my-app-preview': 100 })
  })
})
