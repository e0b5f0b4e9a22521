/** Comparisons with stable where stable has no traffic (left): made before, never waited for in vain, and refused as asked. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { release, template } from '#test/gen/release.ts'
import {
  installed,
  type Measured,
  noSeries,
  type Pace,
  pass,
  phaseIs,
  reasonIs,
  until,
  value,
} from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { readRelease } from './api/read.ts'
import type { ReleaseMetric } from './api/release-analysis.ts'
import type { ReleaseStep } from './api/strategy/canary.ts'
import { writtenHash } from './revision.ts'

const v2 = writtenHash(template('shop:v2'))
const compared: Partial<ReleaseMetric> = { compare: 'ratio', max: 1.5, interval: '5s' }

function begun(steps: readonly ReleaseStep[], changes: Partial<ReleaseMetric> = {}): World {
  const world = installed({
    strategy: { canary: { steps } },
    analysis: analysis({ ...compared, ...changes }),
  })
  world.ask({ template: template('shop:v2') })
  return world
}

/** Prometheus knows of stable only what has traffic: nothing once all of it is at the candidate. */
function prometheus(world: World, own = '1'): Pace {
  const parts = (): Measured => {
    const alone = (world.weights()['shop-canary'] ?? 0) === 100
    return { answer: value(own), companions: { stable: alone ? noSeries : value('1') } }
  }
  return { parts }
}

describe('a comparison on the way to all traffic', () => {
  test('is made before stable gives up the last of its traffic, and not asked for after it', () => {
    const world = begun([{ weight: 50 }, { weight: 100 }, { pause: '5m' }])
    const pace = prometheus(world)
    until(world, reasonIs('WaitingForAnalysis'), pace)
    expect(world.weights()['shop-canary']).toBe(50)
    until(world, reasonIs('WaitingForPause'), pace)
    expect(world.weights()['shop-canary']).toBe(100)
    const before = world.release.status?.measurements?.[0]
    let asked = 0
    until(world, (now) => phaseIs('Completed')(now), {
      parts: (question) => {
        asked += 1
        return pace.parts?.(question)
      },
    })
    expect([before?.verdict, before?.missing, asked]).toEqual(['passing', 0, 0])
    expect(world.release.status?.stable?.revision).toBe(v2)
  })

  test('turns back what is worse, at the weight where it shows', () => {
    const world = begun([{ weight: 50 }, { weight: 100 }, { pause: '5m' }])
    let most = 0
    until(
      world,
      (now) => {
        most = Math.max(most, now.weights()['shop-canary'] ?? 0)
        return phaseIs('Failed')(now)
      },
      prometheus(world, '9'),
    )
    expect(most).toBe(50)
  })

  test('by its policy goes on without it, at an analysis at weight 100 too', () => {
    const world = begun([{ weight: 50 }, { weight: 100 }, { analysis: ['errors'] }], {
      onNoData: 'continue',
    })
    until(world, phaseIs('Completed'), prometheus(world))
    until(world, (now) => now.release.status?.stable?.revision === v2, prometheus(world))
  })
})

describe('a plan that could never be compared', () => {
  const problems = (spec: Parameters<typeof release>[0]): readonly string[] => {
    const read = readRelease(release({ analysis: analysis(compared), ...spec }))
    return read.kind === 'app' ? [] : read.problems.map(({ message }) => message)
  }
  const canary = (...steps: readonly ReleaseStep[]) => ({ strategy: { canary: { steps } } })

  test.each([
    [
      'an analysis at weight 100',
      canary({ weight: 50 }, { weight: 100 }, { analysis: ['errors'] }),
      'step 3 asks for errors at weight 100, where it has nobody to compare with: stable has no traffic then; write onNoData: continue, or another metric',
    ],
    [
      'all traffic at once',
      canary({ weight: 100 }, { pause: '5m' }),
      'errors is compared with stable, which never has traffic beside the candidate; put a step with a weight below 100 before that of 100',
    ],
    [
      'after the promotion',
      { strategy: { blueGreen: { postPromotion: { analysis: ['errors'] } } } },
      'after the promotion errors has nobody to compare with: stable has no traffic then; write onNoData: continue, or another metric',
    ],
  ])('%s is refused with its sentence', (_what, spec, message) => {
    expect(problems(spec)).toEqual([message])
  })

  test.each([
    ['below 100', canary({ weight: 50 }, { analysis: ['errors'] })],
    ['before 100', canary({ weight: 50 }, { analysis: ['errors'] }, { weight: 100 })],
  ])('%s is taken', (_what, spec) => {
    expect(problems(spec)).toEqual([])
  })
})

test('who waits for it all the same is told why it does not come', () => {
  const world = begun([{ weight: 50 }, { weight: 100 }, { pause: '1m' }])
  world.door = (app) => {
    const [candidate] = app.plan.candidates
    if (candidate === undefined) return app
    const steps = [...candidate.steps, { kind: 'analysis', metrics: ['errors'] } as const]
    return { ...app, plan: { ...app.plan, candidates: [{ ...candidate, steps }] } }
  }
  until(world, ({ release: { status } }) => status?.step?.index === 3, prometheus(world))
  pass(world, prometheus(world))
  expect(world.release.status?.reason).toMatchObject({
    type: 'WaitingForMetrics',
    message:
      'metric errors compares with stable, which has no traffic any more; end the steps below 100, or write onNoData: continue',
  })
})
