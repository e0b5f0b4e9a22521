/** What the original left of each further strategy, in the middle of it: taken over without a new pod, and brought to its end. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Rollout } from '#doors/kulta/rollout.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { formerSet, formerTemplate } from './former.ts'
import { controllerOn, type KultaStage, open, Player } from './kulta-stage.ts'

type Left = {
  readonly example: string
  /** Of this one, the ReplicaSets by the original's word. */
  readonly sets: readonly (readonly [type: string, replicas: number, version: string])[]
  readonly status: object
  readonly rules?: NonNullable<HttpRoute['spec']['rules']>
  readonly strategy?: Rollout['spec']['strategy']
}

const speed = 10
let stage: KultaStage
let pods: ReturnType<typeof watchPods>
beforeAll(async () => {
  stage = await open({ speed })
  pods = watchPods()
})
afterAll(async () => {
  await pods.stop()
  await stage.local.stop()
})

function watchPods() {
  return stage.local.cluster.watch<KubeObject & { status?: { phase?: string } }>(kinds.pod)
}

function podsOf({ namespace }: Player): readonly string[] {
  const own = [...pods.values()].filter(({ metadata }) => metadata.namespace === namespace)
  const running = own.filter(({ status }) => status?.phase === 'Running')
  return running.map(({ metadata }) => metadata.name).sort()
}

/** Lays out what the original left, then has ours take it over; the pods are the same afterwards. */
async function takenOver(namespace: string, { example, sets, status, rules, strategy }: Left) {
  const app = new Player(stage, namespace)
  await app.open()
  for (const set of sets) await app.create(formerSet(...set))
  if (example !== 'simple')
    await app.apply(`examples/kulta/${example}/gateway.yaml`, (object) => {
      if (object.kind !== 'HTTPRoute' || object.metadata.name !== 'my-app-route') return object
      const { spec, ...rest } = object as HttpRoute
      return { ...rest, spec: { ...spec, rules: rules ?? spec.rules } } as KubeObject
    })
  await app.apply(`examples/kulta/${example}/rollout.yaml`, (object) => {
    const { spec, ...rest } = object as Rollout
    const template = formerTemplate('v2.0.0')
    const asked = { ...spec, template, replicas: 2, strategy: strategy ?? spec.strategy }
    return { ...rest, spec: asked } as KubeObject
  })
  const at = { namespace, name: app.name }
  await stage.local.cluster.patch(kinds.rollout, at, 'merge', { status }, { subresource: 'status' })
  const wanted = sets.reduce((sum, [, replicas]) => sum + replicas, 0)
  await watchUntil(pods, () => podsOf(app).length === wanted)
  const before = podsOf(app)
  const weights = app.weights()
  const stop = controllerOn(stage.local, { speed })
  await app.until((one) => one.status?.headgate !== undefined)
  await watchUntil(stage.sets, () => {
    const own = [...stage.sets.values()].filter(({ metadata }) => metadata.namespace === namespace)
    return own.every(({ metadata }) => metadata.ownerReferences !== undefined)
  })
  return { app, before, weights, stop }
}

const now = () => new Date(stage.local.cluster.ports.clock.now()).toISOString()

test('blue-green in Preview: it goes on waiting, and is promoted', async () => {
  const { app, before, weights, stop } = await takenOver('left-blue-green', {
    example: 'blue-green',
    sets: [
      ['active', 2, 'v1.9.0'],
      ['preview', 2, 'v2.0.0'],
    ],
    status: { phase: 'Preview', replicas: 2, progressStartedAt: now() },
  })
  await app.comesTo('Preview', ({ message }) => /waits until/.test(message ?? ''))
  expect(podsOf(app)).toEqual(before)
  expect(app.weights()).toEqual(weights)
  expect(await app.versions()).toEqual(new Set(['v1.9.0']))
  await app.annotate('kulta.io/promote', 'true')
  await app.comesTo('Completed')
  expect(await app.versions()).toEqual(new Set(['v2.0.0']))
  await stop()
})

test('an A/B experiment: both variants stay with their visitors until it is concluded', async () => {
  const toB = (matches: object) => ({
    matches: [matches],
    backendRefs: [{ name: 'my-app-b', port: 80 }],
  })
  const { app, before, stop } = await takenOver('left-ab', {
    example: 'ab-testing',
    sets: [
      ['variant-a', 2, 'v1.9.0'],
      ['variant-b', 2, 'v2.0.0'],
    ],
    status: { phase: 'Experimenting', replicas: 2, progressStartedAt: now() },
    rules: [
      toB({ headers: [{ type: 'Exact', name: 'x-variant', value: 'b' }] }),
      { backendRefs: [{ name: 'my-app-a', port: 80 }] },
    ] as NonNullable<HttpRoute['spec']['rules']>,
  })
  await app.comesTo('Experimenting', ({ message }) => /compared/.test(message ?? ''))
  expect(podsOf(app)).toEqual(before)
  expect(await app.versions()).toEqual(new Set(['v1.9.0']))
  expect(await app.versions({ 'x-variant': 'b' })).toEqual(new Set(['v2.0.0']))
  await app.annotate('kulta.io/conclude-experiment', '')
  await app.comesTo('Concluded')
  await stop()
})

test('a simple one that is complete: untouched, and the next version takes its place', async () => {
  const { app, before, stop } = await takenOver('left-simple', {
    example: 'simple',
    sets: [['simple', 2, 'v2.0.0']],
    status: { phase: 'Completed', replicas: 2 },
    strategy: { simple: {} },
  })
  await app.comesTo('Completed')
  expect(podsOf(app)).toEqual(before)
  await app.image('v2.1.0')
  await app.comesTo('Completed')
  expect(app.sets()).toMatchObject({ 'my-app': { replicas: 2, image: 'v2.1.0' } })
  await stop()
})

test('a canary that had failed with its traffic still there: all of it comes home, then its pods go', async () => {
  const { app, stop } = await takenOver('left-failed', {
    example: 'canary',
    sets: [
      ['stable', 2, 'v1.9.0'],
      ['canary', 1, 'v2.0.0'],
    ],
    status: {
      phase: 'Failed',
      currentStepIndex: 0,
      currentWeight: 50,
      replicas: 2,
      message: 'bad',
    },
    rules: [
      {
        backendRefs: [
          { name: 'my-app-stable', port: 80, weight: 50 },
          { name: 'my-app-canary', port: 80, weight: 50 },
        ],
      },
    ],
  })
  await app.comesTo('Failed')
  await app.untilReplicas({ 'my-app-stable': 2 })
  expect(app.weights()).toEqual({ 'my-app-stable': 100, 'my-app-canary': 0 })
  expect(await app.versions()).toEqual(new Set(['v1.9.0']))
  await stop()
})
