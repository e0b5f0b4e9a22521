/** Shares of traffic and the pods they need. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { podsFor, sameWeights, weightCarried, weightOf } from './weights.ts'

describe('pods for a weight', () => {
  const rows = [
    [4, 0, 0],
    [4, 1, 1],
    [4, 25, 1],
    [4, 26, 2],
    [4, 100, 4],
    [3, 50, 2],
    [0, 100, 0],
    [100, 7, 7],
    [1000, 29, 290],
  ] as const
  for (const [replicas, weight, pods] of rows) {
    test(`${weight} % of ${replicas} pods need ${pods}`, () =>
      expect(podsFor(replicas, weight)).toBe(pods))
  }

  const counts = fc.integer({ min: 0, max: 5000 })
  const shares = fc.integer({ min: 0, max: 100 })

  test('what so many pods carry needs no more than those', () => {
    fc.assert(
      fc.property(counts, counts, (replicas, ready) => {
        expect(podsFor(replicas, weightCarried(replicas, ready))).toBeLessThanOrEqual(ready)
      }),
    )
  })

  test('a weight is carried by the pods it needs, and by no fewer', () => {
    fc.assert(
      fc.property(counts, shares, (replicas, weight) => {
        const pods = podsFor(replicas, weight)
        if (pods > 0) expect(weightCarried(replicas, pods)).toBeGreaterThanOrEqual(weight)
        if (pods > 1) expect(weightCarried(replicas, pods - 1)).toBeLessThan(weight)
      }),
    )
  })

  test('no pods carry nothing; more pods than wanted carry all and not more', () => {
    expect([
      weightCarried(4, 0),
      weightCarried(4, 9),
      weightCarried(0, 1),
      weightCarried(4, -1),
    ]).toEqual([0, 100, 100, 0])
  })
})

test('a role that is absent has no weight, and that makes no difference', () => {
  expect(weightOf({ stable: 100 }, 'canary')).toBe(0)
  expect(sameWeights({ stable: 100 }, { stable: 100, canary: 0 })).toBe(true)
  expect(sameWeights({ stable: 99, canary: 1 }, { stable: 100 })).toBe(false)
})
