/** KULTA's simple strategy, and what has no route: no traffic is moved, only pods. */
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Rollout } from '#doors/kulta/rollout.ts'
import { kultaStage, Player } from './kulta-stage.ts'

const stage = kultaStage({ speed: 15 })

/** The example, changed in its strategy. */
const withStrategy =
  (strategy: Rollout['spec']['strategy']) =>
  (object: KubeObject): KubeObject =>
    object.kind === 'Rollout'
      ? ({ ...object, spec: { ...(object as Rollout).spec, strategy } } as KubeObject)
      : object

describe('simple', () => {
  test('one ReplicaSet under the name of the Rollout; a new image comes up beside it and takes its name', async () => {
    const app = new Player(stage(), 'simple')
    await app.open()
    await app.apply('examples/kulta/simple/app.yaml')
    await app.apply('examples/kulta/simple/rollout.yaml', withStrategy({ simple: {} }))
    await app.comesTo('Completed')
    expect(app.replicas()).toEqual({ 'my-app': 3 })
    expect(app.sets()['my-app']?.labels).toMatchObject({
      'rollouts.kulta.io/type': 'simple',
      'rollouts.kulta.io/managed': 'true',
    })
    expect(app.status).toMatchObject({ replicas: 3, readyReplicas: 3, updatedReplicas: 3 })
    expect(app.status.currentWeight).toBeUndefined()
    await app.image('v2.1.0')
    await app.comesTo('Completed')
    expect(app.sets()['my-app']).toMatchObject({ replicas: 3, image: 'v2.1.0' })
    expect(app.replicas()).toEqual({ 'my-app': 3 })
  })
})

describe('simple with metrics', () => {
  const rows = [
    ['a good version', 'v2.1.0', 'Completed', 'v2.1.0'],
    ['a bad version', 'v2.1.0-error60', 'Failed', 'v2.0.0'],
  ] as const
  for (const [name, version, phase, serves] of rows) {
    test(`${name} comes to ${phase}, and ${serves} serves`, async () => {
      const app = new Player(stage(), name.replaceAll(' ', '-'))
      await app.open()
      await app.apply('examples/kulta/simple/app.yaml')
      // Somebody's route to somebody's Service: the Rollout knows nothing of it.
      await app.apply(
        'examples/kulta/ab-testing/gateway.yaml',
        (object) =>
          JSON.parse(JSON.stringify(object).replaceAll('my-app-a', 'my-app')) as KubeObject,
        'HTTPRoute',
      )
      const metrics = [{ name: 'error-rate', threshold: 5, interval: '5s', failureThreshold: 2 }]
      const analysis = { warmupDuration: '5s', metrics }
      await app.apply('examples/kulta/simple/rollout.yaml', withStrategy({ simple: { analysis } }))
      await app.comesTo('Completed')
      const traffic = app.traffic(20)
      await app.image(version)
      await app.comesTo(phase)
      await app.untilReplicas({ 'my-app': 3 })
      expect(await app.versions()).toEqual(new Set([serves]))
      await traffic.stop()
    })
  }
})

describe('a canary', () => {
  const canary = {
    stableService: 'my-app-stable',
    canaryService: 'my-app-canary',
    steps: [{ setWeight: 40, pause: {} }],
  }

  test('without a route goes by pods alone', async () => {
    const app = new Player(stage(), 'no-route')
    await app.open()
    await app.apply('examples/kulta/canary/rollout.yaml', withStrategy({ canary }))
    await app.comesTo('Paused')
    await app.untilReplicas({ 'my-app-stable': 3, 'my-app-canary': 2 })
    await app.annotate('kulta.io/promote', 'true')
    await app.comesTo('Completed')
    await app.image('v2.1.0')
    await app.comesTo('Paused')
    await app.annotate('kulta.io/promote', 'true')
    await app.comesTo('Completed')
    expect(app.sets()['my-app-stable']).toMatchObject({ replicas: 5, image: 'v2.1.0' })
  })

  test('whose route is missing does the same, and says so; once it is there, it is used', async () => {
    const trafficRouting = { gatewayAPI: { httpRoute: 'my-app-route' } }
    const app = new Player(stage(), 'lost-route')
    await app.open()
    await app.apply(
      'examples/kulta/canary/rollout.yaml',
      withStrategy({ canary: { ...canary, trafficRouting } }),
    )
    await app.comesTo('Paused')
    await app.untilReplicas({ 'my-app-stable': 3, 'my-app-canary': 2 })
    expect(app.status.conditions?.map(({ type }) => type)).toContain('RouteAbsent')
    await app.apply('examples/kulta/canary/gateway.yaml', (object) => object, 'HTTPRoute')
    await app.untilWeights({ 'my-app-stable': 60, 'my-app-canary': 40 })
  })
})
