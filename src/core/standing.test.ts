/** What a metric's standing does to its release: errors in a row, too few requests, comparisons with stable. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { template } from '#test/gen/release.ts'
import {
  installed,
  type Measured,
  outage,
  type Pace,
  phaseIs,
  reasonIs,
  until,
  value,
} from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import type { ReleaseMetric } from './api/release-analysis.ts'

function measured(changes: Partial<ReleaseMetric>): World {
  const steps = [{ weight: 25 }, { analysis: ['errors'] }]
  const world = installed({ strategy: { canary: { steps } }, analysis: analysis(changes) })
  world.ask({ template: template('shop:v2') })
  until(world, reasonIs('WaitingForAnalysis'))
  return world
}

/** So many outages, and then nothing but good values. */
function outages(count: number): Pace {
  let left = count
  return {
    metrics: () => {
      left -= 1
      return left >= 0 ? outage : value('0')
    },
  }
}

const parts = (own: string, more: Measured['companions']): Pace => ({
  parts: () => ({ answer: value(own), companions: more }),
})

describe('errors in a row', () => {
  test('fewer than consecutiveErrors only hold, whatever the policy', () => {
    const world = measured({ onError: 'rollback', consecutiveErrors: 3 })
    const pace = outages(2)
    until(world, reasonIs('WaitingForMetrics'), pace)
    until(world, phaseIs('Completed'), pace)
  })

  for (const [onError, phase] of [
    ['rollback', 'Failed'],
    ['continue', 'Completed'],
  ] as const) {
    test(`so many make it ${onError}`, () => {
      const world = measured({ onError, consecutiveErrors: 3 })
      let asked = 0
      const metrics = () => {
        asked += 1
        return outage
      }
      until(world, phaseIs(phase), { metrics })
      expect(asked).toBeGreaterThanOrEqual(3)
    })
  }
})

test('a sample of too few requests neither passes nor fails', () => {
  const world = measured({ minSamples: 100 })
  for (const own of ['0', '90'])
    until(world, ({ now }) => now % 60_000 > 30_000, parts(own, { count: value('99') }))
  expect(world.release.status?.reason?.type).toBe('WaitingForAnalysis')
  until(world, phaseIs('Completed'), parts('0', { count: value('100') }))
})

describe('a comparison with stable', () => {
  const compare = { compare: 'ratio', max: 1.5 } as const

  test('passes where the candidate is as good', () => {
    until(measured(compare), phaseIs('Completed'), parts('3', { stable: value('3') }))
  })

  test('turns back one that is worse, with both values in the message', () => {
    const world = measured(compare)
    until(world, phaseIs('Failed'), parts('6', { stable: value('3') }))
    expect(world.release.status?.reason?.message).toMatch(/: 2 \(ratio to stable, max 1\.5\)$/)
  })

  test('is none where stable has nothing to compare with', () => {
    const world = measured(compare)
    until(world, reasonIs('WaitingForMetrics'), parts('3', { stable: value('NaN') }))
  })
})
