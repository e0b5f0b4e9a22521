/** A/B: variants by header or cookie, compared by what they did since the experiment began, and the winner served. */
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { AbTestingStrategy, Rollout } from '#doors/kulta/rollout.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { kultaStage, Player } from './kulta-stage.ts'

const stage = kultaStage({ speed: 20 })
const b = { 'x-variant': 'b' }

/** The example with A at rest, then with B beside it. */
async function begin(
  namespace: string,
  versions: readonly [string, string],
  change: Partial<AbTestingStrategy> = {},
): Promise<Player> {
  const app = new Player(stage(), namespace)
  await app.open()
  await app.apply('examples/kulta/ab-testing/gateway.yaml')
  await app.apply('examples/kulta/ab-testing/rollout.yaml', (object: KubeObject) => {
    const { spec, ...rollout } = object as Rollout
    const abTesting = { ...(spec.strategy.abTesting as AbTestingStrategy), ...change }
    const containers = [{ name: 'app', image: `myregistry/myapp:${versions[0]}` }]
    const template = { ...spec.template, spec: { containers } }
    return { ...rollout, spec: { ...spec, template, strategy: { abTesting } } } as KubeObject
  })
  await app.comesTo('Completed')
  expect(app.replicas()).toEqual({ 'my-app-variant-a': 2 })
  await app.image(versions[1])
  await app.comesTo('Experimenting')
  await watchUntil(stage().routes, () => (app.route()?.spec.rules?.length ?? 0) > 1)
  return app
}

/** Requests to both variants until the status says so. */
async function under(app: Player, holds: () => boolean): Promise<void> {
  while (!holds()) await Promise.all([app.get(), app.get(b), app.get(), app.get(b)])
}

describe('A/B', () => {
  test('rules by header and cookie; concluded by hand, promoted by its name', async () => {
    const app = await begin('by-hand', ['v2.0.0', 'v2.1.0'])
    const rules = app.route()?.spec.rules ?? []
    expect(rules.map(({ name }) => name)).toEqual(['variant-b', 'variant-b-cookie', undefined])
    expect(rules.map(({ backendRefs }) => backendRefs?.find(({ weight }) => weight !== 0))).toEqual(
      [
        expect.objectContaining({ name: 'my-app-b', weight: 100 }),
        expect.objectContaining({ name: 'my-app-b', weight: 100 }),
        expect.objectContaining({ name: 'my-app-a', weight: 100 }),
      ],
    )
    expect(app.replicas()).toEqual({ 'my-app-variant-a': 2, 'my-app-variant-b': 2 })
    await watchUntil(stage().rollouts, () => /compared/.test(app.status.message ?? ''))
    const versions = [app.versions(b), app.versions({ cookie: 'a=1; variant=b' }), app.versions()]
    expect(await Promise.all(versions)).toEqual([
      new Set(['v2.1.0']),
      new Set(['v2.1.0']),
      new Set(['v2.0.0']),
    ])
    expect(app.status.abExperiment?.startedAt).toBeDefined()

    // Nothing waits for a promotion yet: it is taken off, and concludes nothing.
    await app.annotate('kulta.io/promote', 'true')
    await app.until(({ metadata }) => metadata.annotations?.['kulta.io/promote'] === undefined)
    expect(app.status.phase).toBe('Experimenting')
    await app.annotate('kulta.io/conclude-experiment', 'now')
    await app.comesTo('Concluded')
    expect(app.status.abExperiment).toMatchObject({ conclusionReason: 'ManualConclusion' })
    expect(app.status.abExperiment?.winner).toBeUndefined()
    await app.annotate('kulta.io/promote', 'B')
    await app.comesTo('Completed')
    expect(await app.versions()).toEqual(new Set(['v2.1.0']))
    expect(app.replicas()).toEqual({ 'my-app-variant-b': 2 })

    // The next experiment has the promoted version as A again.
    await app.image('v2.2.0')
    await app.comesTo('Experimenting')
    await watchUntil(stage().routes, () => (app.route()?.spec.rules?.length ?? 0) > 1)
    await watchUntil(stage().rollouts, () => /compared/.test(app.status.message ?? ''))
    expect(await app.versions()).toEqual(new Set(['v2.1.0']))
    expect(await app.versions(b)).toEqual(new Set(['v2.2.0']))
    expect(app.sets()['my-app-variant-a']).toMatchObject({ image: 'v2.1.0', replicas: 2 })
  })

  test('the better variant wins once enough is known, waits for its promotion, and is served', async () => {
    const metrics = [{ name: 'error-rate', direction: 'lower' }] as const
    const analysis = { metrics, minDuration: '20s', minSampleSize: 40 }
    const app = await begin('statistics', ['v2.0.0-error50', 'v2.1.0'], { analysis })
    await under(app, () => app.status.phase === 'Concluded')
    const { winner, conclusionReason, results, ...told } = app.status.abExperiment ?? {}
    expect([winner, conclusionReason]).toEqual(['B', 'ConsensusReached'])
    expect(results?.[0]).toMatchObject({
      name: 'error-rate',
      isSignificant: true,
      winner: 'B',
      valueB: 0,
    })
    expect(told.sampleSizeA).toBeGreaterThanOrEqual(40)
    expect(told.sampleSizeB).toBeGreaterThanOrEqual(40)
    const span = Date.parse(told.concludedAt ?? '') - Date.parse(told.startedAt ?? '')
    expect(span).toBeGreaterThan(20_000)
    await app.annotate('kulta.io/promote', 'yes')
    await app.comesTo('Completed')
    expect(await app.versions()).toEqual(new Set(['v2.1.0']))
    expect(app.replicas()).toEqual({ 'my-app-variant-b': 2 })
  })

  test('nobody wins within its longest time: all goes to A when somebody promotes', async () => {
    const app = await begin('time-over', ['v2.0.0', 'v2.1.0'], { analysis: {}, maxDuration: '30s' })
    await app.comesTo('Concluded')
    expect(app.status.abExperiment).toMatchObject({ conclusionReason: 'MaxDurationExceeded' })
    await app.annotate('kulta.io/promote', 'true')
    await app.comesTo('Completed')
    expect(await app.versions()).toEqual(new Set(['v2.0.0']))
    expect(await app.versions(b)).toEqual(new Set(['v2.0.0']))
    expect(app.replicas()).toEqual({ 'my-app-variant-a': 2 })
  })
})
