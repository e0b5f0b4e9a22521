/** KULTA's simple strategy, and what has no route: no traffic is moved, only pods. */
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Rollout } from '#doors/kulta/rollout.ts'
import { kultaStage, Player } from './kulta-stage.ts'

const stage = kultaStage({ speed: 30 })

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
    await app.apply('examples/kulta/simple/traffic.yaml')
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
    expect(app.replicas()).toEqual({ 'my-app-stable': 3, 'my-app-canary': 2 })
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
    expect(app.replicas()).toEqual({ 'my-app-stable': 3, 'my-app-canary': 2 })
    expect(app.status.conditions?.map(({ type }) => type)).toContain('RouteAbsent')
    await app.apply('examples/kulta/canary/traffic.yaml', (object) => object, 'HTTPRoute')
    await app.untilWeights({ 'my-app-stable': 60, 'my-app-canary': 40 })
  })
})
