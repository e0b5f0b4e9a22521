/** The plain case, and canaries by number of pods: several revisions behind one Service. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainRoute, release, template } from '#test/gen/release.ts'
import { command, pass, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import { labels } from './render/names.ts'
import { writtenHash } from './revision.ts'
import { podsByRatio } from './strategies/pool.ts'

const [v1, v2] = ['shop:v1', 'shop:v2'].map((image) => writtenHash(template(image)))

const route = plainRoute()

function serving(spec: Partial<ReleaseSpec>): World {
  const world = new World(release(spec), route)
  until(world, phaseIs('Completed'))
  settle(world)
  return world
}

const pods = (world: World, revision: string | undefined): number =>
  [...world.replicaSets.values()].find(
    ({ metadata }) => metadata.labels?.[labels.revision] === revision,
  )?.spec.replicas ?? 0
const ready = (world: World): number =>
  [...world.ready.values()].reduce((sum, count) => sum + count, 0)
const selector = (world: World): unknown => world.services.get('shop-stable')?.spec.selector

const plain = { traffic: { router: 'service' } }

describe('pods by ratio', () => {
  test('are never fewer in all than the app needs, and give no more than the weight where one pod is not too much', () => {
    const counts = fc.integer({ min: 1, max: 200 })
    const shares = fc.integer({ min: 0, max: 100 })
    fc.assert(
      fc.property(counts, shares, (replicas, weight) => {
        const { stable, candidate } = podsByRatio(replicas, weight)
        expect(stable + candidate).toBeGreaterThanOrEqual(replicas)
        if (candidate > 1)
          expect((100 * candidate) / (stable + candidate)).toBeLessThanOrEqual(weight)
        if (weight === 0) expect(candidate).toBe(0)
        if (weight === 100) expect(stable).toBe(0)
      }),
    )
  })
})

for (const [name, spec] of [
  ['behind a route', {}],
  ['behind a plain Service', plain],
] as const) {
  describe(`a rolling update ${name}`, () => {
    for (const [maxSurge, maxUnavailable] of [
      ['25%', 0],
      [1, 1],
      ['100%', 0],
      [0, '50%'],
      [0, 0],
    ] as const) {
      test(`with a surge of ${maxSurge} and ${maxUnavailable} unavailable keeps to both and ends`, () => {
        const world = serving({ strategy: { rolling: { maxSurge, maxUnavailable } }, ...spec })
        world.ask({ template: template('shop:v2') })
        const surge = maxSurge === '25%' || maxSurge === 1 ? 1 : maxSurge === '100%' ? 4 : 0
        const least = 4 - (maxUnavailable === '50%' ? 2 : maxUnavailable)
        const most = 4 + (surge === 0 && least === 4 ? 1 : surge)
        until(world, (now) => {
          expect(pods(now, v1) + pods(now, v2)).toBeLessThanOrEqual(most)
          expect(ready(now)).toBeGreaterThanOrEqual(Math.min(least, ready(now) + 1) - 1)
          return now.release.status?.stable?.revision === v2
        })
        settle(world)
        expect([pods(world, v1), pods(world, v2)]).toEqual([0, 4])
        expect(selector(world)).toEqual({ app: 'shop', [labels.revision]: v2 })
      })
    }

    test('goes back to what was when its pods do not come up', () => {
      const world = serving({ strategy: { rolling: {} }, progressDeadline: '1m', ...spec })
      world.ask({ template: template('shop:v2') })
      const broken = v2 ?? ''
      until(world, phaseIs('Failed'), { broken })
      for (let passes = 0; passes < 20; passes += 1) pass(world, { broken })
      expect([pods(world, v1), pods(world, v2)]).toEqual([4, 0])
      expect(selector(world)).toEqual({ app: 'shop', [labels.revision]: v1 })
    })
  })
}

describe('a canary behind a plain Service', () => {
  const steps = [{ weight: 20 }, { pause: {} }, { weight: 50 }, { pause: {} }]
  const canary = { strategy: { canary: { steps } }, replicas: 8, ...plain }

  test('has the share that its number of pods gives it', () => {
    const world = serving(canary)
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    expect([pods(world, v1), pods(world, v2), selector(world)]).toEqual([8, 2, { app: 'shop' }])
    command(world, 'promote')
    until(world, ({ release: { status } }) => status?.step?.index === 3)
    until(world, reasonIs('WaitingForApproval'))
    expect([pods(world, v1), pods(world, v2)]).toEqual([8, 8])
    command(world, 'promote')
    until(world, phaseIs('Completed'))
    settle(world)
    expect([pods(world, v1), pods(world, v2)]).toEqual([0, 8])
  })

  test('leaves no request with it once it is aborted', () => {
    const world = serving(canary)
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'abort')
    settle(world)
    expect([pods(world, v1), pods(world, v2)]).toEqual([8, 0])
    expect(selector(world)).toEqual({ app: 'shop', [labels.revision]: v1 })
  })
})
