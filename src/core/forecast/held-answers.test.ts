/** Forecasts of releases that their metrics hold: no good answer is assumed of those. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { template } from '#test/gen/release.ts'
import { command, installed, noSeries, outage, pass, reasonIs, until } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import type { HttpAnswer } from '../http-ask.ts'
import { type Forecast, forecast } from './forecast.ts'
import { heldAnswers } from './held-answers.ts'

function routed({ moments }: Forecast): readonly unknown[] {
  return moments.filter((one) => one.kind === 'write' && one.write.kind === 'HTTPRoute')
}

describe('a forecast of what its metrics hold now', () => {
  const steps = [{ weight: 25 }, { analysis: ['errors'] }, { weight: 50 }]
  const rows = [
    ['no series', noSeries, 'metric errors: the query matched no series'],
    ['an outage', outage, 'metric errors: connection refused'],
  ] as const
  function held(answer: HttpAnswer, verb: 'promote' | 'promote-full'): World {
    const world = installed({ strategy: { canary: { steps } }, analysis: analysis() })
    const pace = { metrics: () => answer }
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForMetrics'), pace)
    // It is time to ask again: what is answered then decides.
    world.now += 20_000
    command(world, verb)
    return world
  }

  for (const [what, answer, message] of rows) {
    test(`${what}: a promotion gives it no traffic, as the controller would not`, () => {
      const world = held(answer, 'promote')
      const start = world.observe()
      const seen = forecast(start, world.now, heldAnswers(start), 'WaitingForMetrics')
      expect(routed(seen)).toEqual([])
      const wait = seen.moments.find(({ kind }) => kind === 'wait')
      expect(wait).toMatchObject({ type: 'WaitingForMetrics', message, durationMs: undefined })
      expect(seen.moments.at(-1)).toBe(wait)
      for (let passes = 0; passes < 100; passes += 1) pass(world, { metrics: () => answer })
      expect(world.weights()['shop-canary']).toBe(25)
    })
  }

  test('promoted fully, it goes past them', () => {
    const world = held(noSeries, 'promote-full')
    const start = world.observe()
    const seen = forecast(start, world.now, heldAnswers(start), 'WaitingForMetrics')
    expect(seen.end).toMatchObject({ phase: 'Completed', settled: true })
  })

  test('where none holds it, all answers are good', () => {
    expect(heldAnswers(installed().observe())).toBeUndefined()
  })
})
