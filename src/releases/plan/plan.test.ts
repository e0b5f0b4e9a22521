/** Plans of worlds as they stand: what is unchanged, and what only changes what is on record. */
import { expect, test } from 'vitest'
import { forecast } from '#core/forecast/forecast.ts'
import { analysis } from '#test/gen/metric.ts'
import { template } from '#test/gen/release.ts'
import { installed, phaseIs, settle, until, value } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { type Plan, planOf } from './plan.ts'

function planFor(world: World): Plan {
  const start = world.observe()
  const seen = forecast(start, world.now)
  return planOf({ app: start.app, start, forecast: seen, refused: [], assumed: [] })
}

/** Stable serves, and the candidate that its metrics turned back is asked for still. */
function failed(): {
  readonly world: World
  readonly stable: World['release']['spec']['template']
} {
  const steps = [{ weight: 25 }, { analysis: ['errors'] }]
  const world = installed({ strategy: { canary: { steps } }, analysis: analysis() })
  const stable = world.release.spec.template
  const bad = { metrics: () => value('50') }
  world.ask({ template: template('shop:v2') })
  until(world, phaseIs('Failed'), bad)
  settle(world, bad)
  return { world, stable }
}

test('what serves is unchanged, and so is what failed and is asked for still', () => {
  expect(planFor(installed())).toMatchObject({ verdict: 'unchanged', steps: [] })
  expect(planFor(failed().world)).toMatchObject({ verdict: 'unchanged', steps: [] })
})

test('after a failure, stable asked for again changes the phase, though nothing moves', () => {
  const { world, stable } = failed()
  world.ask({ template: stable })
  const plan = planFor(world)
  expect(plan).toMatchObject({ verdict: 'planned', steps: [], end: { phase: 'Completed' } })
  settle(world)
  expect(world.release.status?.phase).toBe('Completed')
})
