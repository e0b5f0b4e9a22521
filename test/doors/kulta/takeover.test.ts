/** A Rollout as the original left it, half-way: taken over without a new pod and without a moved weight. */
import { expect, test } from 'vitest'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Rollout } from '#doors/kulta/rollout.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { formerSet, formerTemplate } from './former.ts'
import { controllerOn, open, Player } from './kulta-stage.ts'

/** Status as the original leaves it, and the route at that step's weights. */
async function left(
  app: Player,
  cluster: Parameters<typeof controllerOn>[0]['cluster'],
  {
    status,
    weight,
    sets,
  }: { readonly status: object; readonly weight: number; readonly sets: readonly [number, number] },
): Promise<void> {
  await app.open()
  await app.create(formerSet('stable', sets[0]))
  await app.create(formerSet('canary', sets[1]))
  await app.apply('examples/kulta/canary/gateway.yaml', (object) => {
    if (object.kind !== 'HTTPRoute') return object
    const weights = [100 - weight, weight]
    const { spec, ...rest } = object as HttpRoute
    const rules = spec.rules?.map((rule) => ({
      ...rule,
      backendRefs: rule.backendRefs?.map((ref, index) => ({ ...ref, weight: weights[index] ?? 0 })),
    }))
    return { ...rest, spec: { ...spec, rules } } as KubeObject
  })
  await app.apply('examples/kulta/canary/rollout.yaml', (object) => {
    const { spec, ...rest } = object as Rollout
    const { analysis: _, ...canary } = spec.strategy.canary ?? {
      stableService: '',
      canaryService: '',
    }
    const steps = [{ setWeight: 50, pause: {} }]
    return {
      ...rest,
      spec: {
        ...spec,
        template: formerTemplate('v2.0.0'),
        replicas: 2,
        strategy: { canary: { ...canary, steps } },
      },
    } as KubeObject
  })
  const at = { namespace: app.namespace, name: app.name }
  await cluster.patch(kinds.rollout, at, 'merge', { status }, { subresource: 'status' })
}

test('half-way: its pods, its weights and its step stay; promoted, it becomes ours', async () => {
  const stage = await open({ speed: 10 })
  const { cluster } = stage.local
  const app = new Player(stage, 'half-way')
  const now = new Date(cluster.ports.clock.now()).toISOString()
  const status = {
    phase: 'Paused',
    currentStepIndex: 0,
    currentWeight: 50,
    replicas: 2,
    progressStartedAt: now,
    pauseStartTime: now,
  }
  await left(app, cluster, { status, weight: 50, sets: [1, 1] })
  const done = new Player(stage, 'done')
  const completed = { phase: 'Completed', currentStepIndex: 1, currentWeight: 100, replicas: 2 }
  await left(done, cluster, { status: completed, weight: 100, sets: [0, 2] })
  const pods = cluster.watch<KubeObject & { status?: { phase?: string } }>(kinds.pod)
  await watchUntil(
    pods,
    () => [...pods.values()].filter((pod) => pod.status?.phase === 'Running').length === 4,
  )
  const namesOf = (): string => [...pods.keys()].sort().join(' ')
  const before = namesOf()
  for (const one of [app, done]) {
    const statuses = async () =>
      new Set(await Promise.all(Array.from({ length: 10 }, async () => (await one.get()).status)))
    await expect.poll(statuses, { timeout: 60_000 }).toEqual(new Set([200]))
  }
  const traffic = app.traffic(10)
  const others = done.traffic(10)

  const stop = controllerOn(stage.local, { speed: 10 })
  await app.comesTo('Paused', ({ headgate }) => headgate !== undefined)
  await done.comesTo('Completed', ({ headgate }) => headgate !== undefined)
  await watchUntil(stage.sets, () => {
    const sets = [...stage.sets.values()]
    return sets.length === 4 && sets.every(({ metadata }) => metadata.ownerReferences !== undefined)
  })
  expect(namesOf()).toBe(before)
  expect(app.status).toMatchObject({ currentStepIndex: 0, currentWeight: 50, former: true })
  expect(app.weights()).toEqual({ 'my-app-stable': 50, 'my-app-canary': 50 })
  expect(app.replicas()).toEqual({ 'my-app-stable': 1, 'my-app-canary': 1 })
  expect(done.weights()).toEqual({ 'my-app-stable': 0, 'my-app-canary': 100 })
  expect(done.replicas()).toEqual({ 'my-app-canary': 2 })

  await app.annotate('kulta.io/promote', 'true')
  await app.comesTo('Completed')
  expect(app.weights()).toEqual({ 'my-app-stable': 100, 'my-app-canary': 0 })
  for (const one of [app, done]) {
    await one.patch({ spec: { strategy: { canary: { steps: [{ setWeight: 50 }] } } } })
    await one.image('v2.1.0')
    await one.comesTo('Completed')
    expect(await one.versions()).toEqual(new Set(['v2.1.0']))
    expect(one.replicas()).toEqual({ 'my-app-stable': 2 })
    expect(one.weights()).toEqual({ 'my-app-stable': 100, 'my-app-canary': 0 })
  }
  const counts = [await traffic.stop(), await others.stop()]
  expect(counts.map(({ dropped, drops }) => [dropped, drops])).toEqual([
    [0, []],
    [0, []],
  ])
  await stop()
  await pods.stop()
  await stage.local.stop()
})
