/** KULTA's own canary example, unchanged, with real pods and real traffic; its long pauses are cut short by people. */
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Rollout } from '#doors/kulta/rollout.ts'
import { kultaStage, Player } from './kulta-stage.ts'

const stage = kultaStage({ speed: 10 })
const promote = 'kulta.io/promote'

/** The example without its analysis, which its own test looks at, and changed further. */
function changed(change: (rollout: Rollout) => Rollout) {
  return (object: KubeObject): KubeObject => {
    if (object.kind !== 'Rollout') return object
    const rollout = object as Rollout
    const { analysis: _, ...canary } = rollout.spec.strategy.canary ?? never()
    return change({ ...rollout, spec: { ...rollout.spec, strategy: { canary } } })
  }
}

/** Pods serve on for a while once their end is decided: a split takes some of stable's that have traffic. */
function lingering(object: KubeObject): KubeObject {
  if (object.kind !== 'Rollout') return object
  const { spec, ...rollout } = object as Rollout
  const lifecycle = { preStop: { sleep: { seconds: 10 } } }
  const containers = spec.template.spec.containers.map((one) => ({ ...one, lifecycle }))
  const template = { ...spec.template, spec: { ...spec.template.spec, containers } }
  return { ...rollout, spec: { ...spec, template } } as KubeObject
}

function never(): never {
  throw new Error('the example is a canary')
}

async function begin(namespace: string, change = (rollout: Rollout) => rollout) {
  const app = new Player(stage(), namespace)
  await app.open()
  await app.apply('examples/kulta/canary/gateway.yaml')
  await app.apply('examples/kulta/canary/rollout.yaml', changed(change))
  return app
}

describe('a canary', () => {
  test('runs its steps on the first install too, promoted by the annotation each time it is set', async () => {
    const app = new Player(stage(), 'first')
    await app.open()
    await app.apply('examples/kulta/canary/gateway.yaml')
    await app.apply('examples/kulta/canary/rollout.yaml', lingering)
    await app.comesTo('Paused')
    expect(app.status).toMatchObject({ currentStepIndex: 0, currentWeight: 20 })
    expect(app.status.pauseStartTime).toBeDefined()
    expect(app.status.progressStartedAt).toBeDefined()
    expect(app.replicas()).toEqual({ 'my-app-stable': 4, 'my-app-canary': 1 })
    expect(app.weights()).toEqual({ 'my-app-stable': 80, 'my-app-canary': 20 })
    const traffic = app.traffic()

    // The same command, again and again; it cuts the timed pauses short.
    await app.annotate(promote, 'true')
    await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === 1)
    expect(app.annotation(promote)).toBeUndefined()
    await app.annotate(promote, 'true')
    await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === 2)
    await app.annotate('rollouts.kulta.io/promote', 'true')
    await app.comesTo('Completed')
    expect(app.status).toMatchObject({ currentStepIndex: 3, currentWeight: 100 })
    const manual = app.status.decisions?.filter(({ reason }) => reason === 'ManualPromotion')
    expect(manual?.map(({ action, fromStep, toStep }) => [action, fromStep, toStep])).toEqual([
      ['Promotion', 0, 1],
      ['Promotion', 1, 2],
      ['Promotion', 2, 3],
    ])

    await app.image('v2.1.0')
    await app.comesTo('Paused')
    const { 'my-app-stable': own, 'my-app-canary': other } = app.sets()
    expect([own?.image, other?.image]).toEqual(['v2.0.0', 'v2.1.0'])
    expect(own?.labels?.['pod-template-hash']).not.toBe(other?.labels?.['pod-template-hash'])
    await app.annotate(promote, 'true')
    await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === 1)
    await app.annotate(promote, 'true')
    await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === 2)
    expect(app.weights()).toEqual({ 'my-app-stable': 20, 'my-app-canary': 80 })
    expect(app.replicas()).toEqual({ 'my-app-stable': 1, 'my-app-canary': 4 })
    await app.annotate(promote, 'true')
    await app.comesTo('Completed')
    expect(app.sets()['my-app-stable']).toMatchObject({ replicas: 5, image: 'v2.1.0' })
    expect(app.replicas()).toEqual({ 'my-app-stable': 5 })
    expect(app.weights()).toEqual({ 'my-app-stable': 100, 'my-app-canary': 0 })
    expect(await app.versions()).toEqual(new Set(['v2.1.0']))
    const { dropped, drops, versions } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    expect(Object.keys(versions)).toEqual(['v2.0.0', 'v2.1.0'])
  })

  test('bears the labels of the document on ReplicaSets, their selectors and their pods', async () => {
    const app = await begin('labels', ({ spec, ...rest }) => ({
      ...rest,
      spec: { ...spec, replicas: 2 },
    }))
    await app.comesTo('Paused')
    const set = stage().sets.get('labels/my-app-canary')
    const wanted = {
      app: 'my-app',
      'pod-template-hash': expect.stringMatching(/^[0-9a-f]{10}$/),
      'rollouts.kulta.io/type': 'canary',
      'rollouts.kulta.io/managed': 'true',
      'rollouts.kulta.io/rollout': 'my-app',
      rollout: 'my-app',
      revision: 'canary',
    }
    expect(set?.metadata.labels).toMatchObject(wanted)
    expect(set?.spec.selector?.matchLabels).toMatchObject(wanted)
    expect(set?.spec.template.metadata?.labels).toMatchObject(wanted)
    expect(set?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Rollout', name: 'my-app' })
  })

  test('gives the route back and takes its ReplicaSets along when it is deleted', async () => {
    const app = await begin('deleted')
    await app.comesTo('Paused')
    await app.remove()
    await app.untilGone()
    expect(app.weights()).toEqual({ 'my-app-stable': 100, 'my-app-canary': 0 })
    await app.untilReplicas({})
    await app.apply(
      'examples/kulta/canary/rollout.yaml',
      changed((rollout) => rollout),
    )
    await app.comesTo('Paused')
    expect(app.replicas()).toEqual({ 'my-app-stable': 4, 'my-app-canary': 1 })
  })

  test('repairs what somebody changes of its ReplicaSets and its route', async () => {
    const app = await begin('drift')
    await app.comesTo('Paused')
    const { cluster } = stage().local
    const at = { namespace: 'drift', name: 'my-app-stable' }
    const { replicaSet, httpRoute } = await import('#core/k8s/kinds.ts').then(({ kinds }) => kinds)
    await cluster.patch(replicaSet, at, 'merge', { spec: { replicas: 1 } })
    await app.untilReplicas({ 'my-app-stable': 4, 'my-app-canary': 1 })
    await cluster.remove(replicaSet, { ...at, name: 'my-app-canary' })
    await app.untilReplicas({ 'my-app-stable': 4, 'my-app-canary': 1 })
    const rules = app.route()?.spec.rules?.map((rule) => ({
      ...rule,
      backendRefs: rule.backendRefs?.map((ref) => ({ ...ref, weight: 50 })),
    }))
    await cluster.patch(httpRoute, { ...at, name: 'my-app-route' }, 'merge', { spec: { rules } })
    await app.untilWeights({ 'my-app-stable': 80, 'my-app-canary': 20 })
  })
})

type Shape = {
  readonly replicas?: number
  readonly steps?: NonNullable<Rollout['spec']['strategy']['canary']>['steps']
}

const shapes: readonly (readonly [string, Shape])[] = [
  ['no replicas at all', { replicas: 0, steps: [{ setWeight: 50 }] }],
  ['one replica', { replicas: 1, steps: [{ setWeight: 10 }, { setWeight: 50 }] }],
  ['a single step of everything', { replicas: 2, steps: [{ setWeight: 100 }] }],
  ['steps without pause', { replicas: 3, steps: [{ setWeight: 50 }, { setWeight: 80 }] }],
  [
    'a pause without a weight, which stays at the weight before',
    { replicas: 2, steps: [{ setWeight: 50 }, { pause: { duration: '20s' } }, { setWeight: 100 }] },
  ],
]

describe('of any shape it comes to its end, with a new image too:', () => {
  test.each(shapes)('%s', async (name, { replicas = 2, steps = [] }) => {
    const app = await begin(name.replaceAll(/\W+/g, '-').slice(0, 30), ({ spec, ...rest }) => ({
      ...rest,
      spec: {
        ...spec,
        replicas,
        progressDeadlineSeconds: 3600,
        strategy: { canary: { ...(spec.strategy.canary ?? never()), steps } },
      },
    }))
    await app.comesTo('Completed')
    for (const version of ['v2.1.0', 'v2.2.0']) await app.image(version)
    await app.comesTo('Completed')
    expect(app.sets()['my-app-stable']).toMatchObject({ replicas, image: 'v2.2.0' })
    expect(app.status).toMatchObject({ currentWeight: 100, phase: 'Completed' })
    const before = app.status.decisions?.length
    await app.annotate('note', 'the same template again')
    await app.patch({ spec: { progressDeadlineSeconds: 3601 } })
    await app.comesTo('Completed')
    expect(app.status.decisions?.length).toBe(before)
  })
})
