/** What a promotion promises while metrics hold the release, although it is time to ask them again. */
import { expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { template } from '#test/gen/release.ts'
import { command, installed, noSeries, reasonIs, until } from '#test/gen/story.ts'
import { effectsOf } from './effects.ts'
import { planFrom } from './preview.ts'

const steps = [{ weight: 20 }, { analysis: ['errors'] }, { weight: 50 }, { pause: {} }]

function effects(verb: 'promote' | 'promote-full'): readonly string[] {
  const world = installed({ strategy: { canary: { steps } }, analysis: analysis() })
  world.ask({ template: template('shop:v2') })
  until(world, reasonIs('WaitingForMetrics'), { metrics: () => noSeries })
  world.now += 60_000
  command(world, verb)
  return effectsOf(planFrom(world.observe(), world.now), { passable: verb === 'promote' })
}

test('promoted, it gets pods for its next step, and no traffic', () => {
  expect(effects('promote')).toEqual([
    expect.stringMatching(/^ReplicaSet shop-\w+: replicas 1 → 2$/),
    'step 2 promoted by ann',
    'as long as its metrics hold it (metric errors: the query matched no series) it goes no further; promote fully goes past them',
  ])
})

test('promoted fully, it gets all', () => {
  expect(effects('promote-full')).toEqual(
    expect.arrayContaining([
      'promoted past all steps by ann',
      'HTTPRoute shop: weight 80/20 → 0/100',
      expect.stringMatching(/^Completed: /),
    ]),
  )
})
