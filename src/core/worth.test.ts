/** What is worth a write: counted over whole releases. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { template } from '#test/gen/release.ts'
import {
  command,
  installed,
  pass,
  phaseIs,
  reasonIs,
  settle,
  until,
  value,
} from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import type { ReleaseStep } from './api/strategy/canary.ts'

type Spec = Parameters<typeof installed>[0]

/** The writes of a release from one revision to the next: its status, and everything else. */
function writesOf(spec: Spec): { readonly status: number; readonly objects: number } {
  const world = installed(spec)
  const before = { ...world.written }
  world.ask({ template: template('shop:v2') })
  pass(world)
  until(world, phaseIs('Completed'), { metrics: () => value('0') })
  settle(world, { metrics: () => value('0') })
  return {
    status: world.written.status - before.status,
    objects: world.written.objects - before.objects,
  }
}

const plan = (...steps: readonly ReleaseStep[]): Spec => ({ strategy: { canary: { steps } } })

describe('a canary', () => {
  const five = plan(
    { weight: 10 },
    { pause: '30s' },
    { weight: 25 },
    { pause: '30s' },
    { weight: 50 },
    { pause: '30s' },
    { weight: 75 },
    { pause: '30s' },
    { weight: 90 },
    { pause: '30s' },
  )
  const rows: readonly (readonly [string, number, Spec])[] = [
    ['of one step', 1, plan({ weight: 50 })],
    ['of three weights', 3, plan({ weight: 10 }, { weight: 50 }, { weight: 90 })],
    ['of five weights with pauses', 10, five],
    [
      'judged by a metric',
      4,
      {
        ...plan({ weight: 10 }, { pause: '60s' }, { analysis: ['errors'] }, { weight: 50 }),
        analysis: analysis(),
      },
    ],
    [
      'that waits longer than a second for its gateway',
      3,
      {
        ...plan({ weight: 10 }, { weight: 50 }, { weight: 90 }),
        traffic: { route: 'shop', settle: '3s' },
      },
    ],
  ]
  for (const [name, steps, spec] of rows) {
    test(`${name} writes its status at most twice a step, its start and its promotion`, () => {
      const { status, objects } = writesOf(spec)
      expect(status).toBeLessThanOrEqual(2 * steps + 6)
      expect(objects).toBeLessThanOrEqual(2 * steps + 8)
    })
  }

  // Of the fourteen: a workload, three times its size, five weights and two to hand over, two selectors, the old one's end.
  test('of five weights with pauses costs twelve writes of status and fourteen of objects', () => {
    expect(writesOf(five)).toEqual({ status: 12, objects: 14 })
  })
})

describe('at rest', () => {
  const restless = (world: World): { readonly status: number; readonly objects: number } => {
    settle(world)
    const before = { ...world.written }
    for (let passes = 0; passes < 50; passes += 1) {
      world.now += 600_000
      expect(pass(world).wakeAt).toBeUndefined()
    }
    return {
      status: world.written.status - before.status,
      objects: world.written.objects - before.objects,
    }
  }
  const none = { status: 0, objects: 0 }
  const waiting = (): World => {
    const world = installed(plan({ weight: 25 }, { pause: {} }))
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    return world
  }

  const rows: readonly (readonly [string, () => World])[] = [
    ['a release that serves', () => installed()],
    ['a release that waits for an approval', waiting],
    [
      'a release that is paused',
      () => {
        const world = waiting()
        command(world, 'pause')
        until(world, reasonIs('Paused'))
        return world
      },
    ],
    [
      'a release that failed',
      () => {
        const world = waiting()
        command(world, 'abort')
        until(world, phaseIs('Failed'))
        return world
      },
    ],
    [
      'a release whose route is missing',
      () => {
        const world = installed()
        world.route = undefined
        until(world, reasonIs('RouteMissing'))
        return world
      },
    ],
    [
      'a release with a rival',
      () => {
        const world = installed()
        world.rivals = [{ claim: 'HTTPRoute shop', by: 'Release other' }]
        until(world, reasonIs('RivalRelease'))
        return world
      },
    ],
    [
      'a release after a crash of its controller',
      () => {
        const world = installed()
        world.crash()
        return world
      },
    ],
  ]
  for (const [name, begin] of rows)
    test(`${name} writes nothing and sets no alarm`, () => expect(restless(begin())).toEqual(none))

  test('a metric that goes on measuring while a person is waited for writes nothing as long as its verdict stays', () => {
    const world = installed({ ...plan({ weight: 25 }, { pause: {} }), analysis: analysis() })
    const pace = { metrics: () => value('0') }
    world.ask({ template: template('shop:v2') })
    until(world, (now) => now.release.status?.measurements?.[0]?.verdict === 'passing', pace)
    for (let passes = 0; passes < 10; passes += 1) pass(world, pace)
    const before = world.written.status
    for (let passes = 0; passes < 100; passes += 1) pass(world, pace)
    expect(world.written.status).toBe(before)
  })
})

describe('a reason', () => {
  test('that is gone within a second is not worth a write; one that lasts is told then', () => {
    const world = installed()
    const before = world.written.status
    world.editSelector('shop-stable', { app: 'shop' })
    const first = pass(world)
    expect([first.reason.type, first.write]).toEqual(['WaitingForEndpoints', true])
    settle(world)
    expect(world.written.status - before).toBeLessThanOrEqual(2)
  })
})
