/** Blue-green: the new revision at full size beside the old, then everything at once, and back as fast. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import {
  actionsTold,
  command,
  noSeries,
  pass,
  phaseIs,
  reasonIs,
  settle,
  until,
  value,
} from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import type { BlueGreenStrategy } from './api/strategy/blue-green.ts'
import { labels } from './render/names.ts'
import { writtenHash } from './revision.ts'

const [v1, v2] = ['shop:v1', 'shop:v2'].map((image) => writtenHash(template(image)))

function serving(blueGreen: BlueGreenStrategy = {}, spec: Partial<ReleaseSpec> = {}): World {
  const route = httpRoute()
  const world = new World(release({ strategy: { blueGreen }, ...spec }), route)
  until(world, phaseIs('Completed'))
  settle(world)
  return world
}

function previewing(blueGreen: BlueGreenStrategy = {}, spec: Partial<ReleaseSpec> = {}): World {
  const world = serving(blueGreen, spec)
  world.ask({ template: template('shop:v2') })
  until(world, phaseIs('Preview'))
  until(world, reasonIs('WaitingForApproval'))
  return world
}

const active = (world: World): string | undefined =>
  world.services.get('shop-stable')?.spec.selector?.[labels.revision]
const pods = (world: World, revision: string | undefined): number | undefined =>
  [...world.replicaSets.values()].find(
    ({ metadata }) => metadata.labels?.[labels.revision] === revision,
  )?.spec.replicas

const plain = { traffic: { router: 'service' } }

for (const [name, spec] of [
  ['behind a route', {}],
  ['behind a plain Service', plain],
] as const) {
  describe(`blue-green ${name}`, () => {
    test('brings the preview up at full size, without any traffic, and waits', () => {
      const world = previewing({}, spec)
      expect([active(world), pods(world, v1), pods(world, v2)]).toEqual([v1, 4, 4])
      expect(world.services.get('shop-canary')?.spec.selector?.[labels.revision]).toBe(v2)
    })

    test('says who has the traffic while it proves itself', () => {
      const world = previewing({ postPromotion: { gates: [{ approval: {} }] } }, spec)
      command(world, 'promote')
      until(world, (now) => active(now) === v2)
      until(world, reasonIs('WaitingForGate'))
      const { stable, candidates = [] } = world.release.status ?? {}
      expect(
        [stable, ...candidates].map((one) => [one?.revision, one?.image, one?.weight.confirmed]),
      ).toEqual([
        [v1, 'shop:v1', 0],
        [v2, 'shop:v2', 100],
      ])
    })

    test('turns the active Service in one write when somebody promotes', () => {
      const world = previewing({}, spec)
      const turns = new Set<string | undefined>()
      command(world, 'promote')
      until(world, (now) => {
        turns.add(active(now))
        return phaseIs('Completed')(now)
      })
      expect([...turns]).toEqual([v1, v2])
    })

    test('keeps the old pods for the delay, then lets them go', () => {
      const world = previewing({ scaleDownDelay: '1m' }, spec)
      command(world, 'promote')
      until(world, phaseIs('Completed'))
      const until1m = world.now + 60_000
      while (world.now < until1m) {
        expect(pods(world, v1)).toBe(4)
        pass(world)
      }
      settle(world)
      expect(pods(world, v1)).toBe(0)
    })

    test('goes back within the delay without a preview', () => {
      const world = previewing({ scaleDownDelay: '1h' }, spec)
      command(world, 'promote')
      until(world, phaseIs('Completed'))
      world.ask({ template: template('shop:v1') })
      until(world, (now) => active(now) === v1)
      until(world, phaseIs('Completed'))
      expect(actionsTold(world)).not.toContain('Approve')
      expect(world.release.status?.stable?.revision).toBe(v1)
    })

    test('promotes by itself after its time', () => {
      const world = serving({ autoPromoteAfter: '5m' }, spec)
      world.ask({ template: template('shop:v2') })
      until(world, phaseIs('Preview'))
      const started = world.now
      until(world, phaseIs('Completed'))
      expect(active(world)).toBe(v2)
      expect(world.now - started).toBeGreaterThanOrEqual(300_000)
    })

    test('never shows the preview to anybody when it is aborted', () => {
      const world = previewing({}, spec)
      command(world, 'abort')
      settle(world)
      expect([active(world), pods(world, v2), world.release.status?.phase]).toEqual([
        v1,
        0,
        'Failed',
      ])
    })

    test('takes the switch back when it does not prove itself afterwards', () => {
      const judged = { ...spec, analysis: analysis() }
      const world = previewing({ postPromotion: { analysis: ['errors'] } }, judged)
      command(world, 'promote')
      until(world, (now) => active(now) === v2)
      until(world, phaseIs('Failed'), { metrics: () => value('90') })
      settle(world)
      expect([active(world), pods(world, v1)]).toEqual([v1, 4])
    })

    test('is not measured before the switch where only what comes after it is judged', () => {
      const judged = { ...spec, analysis: analysis() }
      const world = serving({ postPromotion: { analysis: ['errors'] } }, judged)
      world.ask({ template: template('shop:v2') })
      const silent = { metrics: () => noSeries }
      until(world, reasonIs('WaitingForApproval'), silent)
      command(world, 'promote')
      until(world, (now) => active(now) === v2, silent)
      until(world, reasonIs('WaitingForAnalysis'), silent)
      until(world, phaseIs('Completed'), { metrics: () => value('0') })
    })

    test('is not promoted before it has passed what is asked for', () => {
      const judged = { ...spec, analysis: analysis() }
      const world = serving({ prePromotion: { analysis: ['errors'] } }, judged)
      world.ask({ template: template('shop:v2') })
      until(world, reasonIs('WaitingForAnalysis'))
      until(world, phaseIs('Failed'), { metrics: () => value('90') })
      expect(active(world)).toBe(v1)
    })
  })
}
