/** Two shares and chance (K40, K44). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alwaysValid, type Counted, judgeProportions, twoProportions } from './statistics.ts'

const share = (rate: number, of: number): Counted => ({ hits: Math.round(rate * of), of })

describe('the reference numbers (K44)', () => {
  const rows = [
    ['0.05 and 0.02 of 10000', 0.05, 0.02, 10_000, { significant: true, winner: 'b' }, -11.5, 1],
    [
      '0.05 and 0.048 of 1000',
      0.05,
      0.048,
      1000,
      { significant: false, winner: undefined },
      -0.21,
      0.16,
    ],
    [
      '0.05 and 0.04 of 1000',
      0.05,
      0.04,
      1000,
      { significant: false, winner: undefined },
      -1.08,
      0.72,
    ],
    ['0.10 and 0.15 of 10000', 0.1, 0.15, 10_000, { significant: true, winner: 'a' }, 10.69, 1],
  ] as const
  for (const [name, rateA, rateB, of, verdict, z, confidence] of rows) {
    test(`${name}: z ${z}, confidence ${confidence}`, () => {
      const judged = judgeProportions(share(rateA, of), share(rateB, of), { direction: 'lower' })
      expect(judged).toMatchObject(verdict)
      expect(judged?.z).toBeCloseTo(z, 1)
      expect(judged?.confidence).toBeCloseTo(confidence, 2)
    })
  }

  test('to three digits where the document has two', () => {
    expect(twoProportions(share(0.05, 1000), share(0.048, 1000))?.z).toBeCloseTo(-0.207, 3)
    expect(twoProportions(share(0.05, 1000), share(0.04, 1000))?.z).toBeCloseTo(-1.079, 3)
    expect(twoProportions(share(0.05, 1000), share(0.048, 1000))?.confidence).toBeCloseTo(0.164, 3)
    expect(twoProportions(share(0.05, 1000), share(0.04, 1000))?.confidence).toBeCloseTo(0.719, 3)
  })
})

describe('who wins', () => {
  const a = share(0.1, 10_000)
  const b = share(0.15, 10_000)
  const rows = [
    ['more is better', { direction: 'higher' }, 'b'],
    ['less is better', { direction: 'lower' }, 'a'],
    ['the difference is too small to matter', { direction: 'higher', minEffect: 0.6 }, undefined],
    ['it is large enough to matter', { direction: 'higher', minEffect: 0.49 }, 'b'],
    [
      'there are fewer samples than asked for',
      { direction: 'higher', minSamples: 10_001 },
      undefined,
    ],
    [
      'more confidence is asked for than there can be',
      { direction: 'higher', confidence: 2 },
      undefined,
    ],
    ['one looks all the time', { direction: 'higher', looks: 'sequential' }, 'b'],
  ] as const
  for (const [name, options, winner] of rows)
    test(`when ${name}: ${winner ?? 'nobody'}`, () =>
      expect(judgeProportions(a, b, options)?.winner).toBe(winner))
})

describe('what says nothing', () => {
  const fine = share(0.1, 1000)
  const untestable = [
    ['no observations', { hits: 0, of: 0 }, fine],
    ['nothing ever happened', { hits: 0, of: 100 }, { hits: 0, of: 100 }],
    ['everything always happened', { hits: 100, of: 100 }, { hits: 100, of: 100 }],
    ['more hits than observations', { hits: 2, of: 1 }, fine],
    ['a negative count', { hits: -1, of: 10 }, fine],
    ['no number', { hits: Number.NaN, of: 10 }, fine],
    ['an infinite one', { hits: 1, of: Infinity }, fine],
  ] as const
  for (const [name, a, b] of untestable)
    test(name, () => {
      expect(judgeProportions(a, b, { direction: 'lower' })).toBeUndefined()
      expect(alwaysValid(a, b)).toBe(0)
    })

  test('29 observations are never enough, however different they are; 30 are', () => {
    const judged = (of: number): boolean | undefined =>
      judgeProportions({ hits: 0, of }, { hits: of - 1, of }, { direction: 'lower' })?.significant
    expect([judged(29), judged(30)]).toEqual([false, true])
  })

  test('from nothing to something is an effect of 1', () => {
    expect(twoProportions({ hits: 0, of: 100 }, { hits: 5, of: 100 })?.effect).toBe(1)
  })
})

const count = fc
  .tuple(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([of, rate]) => share(rate, of))

test('the other way round is the same with the sign turned, and confidence is a share', () => {
  fc.assert(
    fc.property(count, count, (a, b) => {
      const [one, other] = [twoProportions(a, b), twoProportions(b, a)]
      expect(one === undefined).toBe(other === undefined)
      if (one === undefined || other === undefined) return
      expect(one.z).toBeCloseTo(-other.z, 9)
      expect(one.confidence).toBeCloseTo(other.confidence, 9)
      for (const { confidence } of [one, other]) {
        expect(confidence).toBeGreaterThanOrEqual(0)
        expect(confidence).toBeLessThanOrEqual(1)
      }
    }),
  )
})

test('looking 100 times at two equal variants fools the fixed test often, the sequential one rarely', () => {
  let fixed = 0
  let sequential = 0
  const experiments = 200
  for (let seed = 1; seed <= experiments; seed += 1) {
    const chance = generator(seed)
    const hits = { a: 0, b: 0 }
    let [fooled, fooledAnyway] = [false, false]
    for (let look = 1; look <= 100; look += 1) {
      for (let visitor = 0; visitor < 100; visitor += 1) {
        hits.a += chance() < 0.1 ? 1 : 0
        hits.b += chance() < 0.1 ? 1 : 0
      }
      const counts = [
        { hits: hits.a, of: look * 100 },
        { hits: hits.b, of: look * 100 },
      ] as const
      fooled ||= (twoProportions(...counts)?.confidence ?? 0) >= 0.95
      fooledAnyway ||= alwaysValid(...counts) >= 0.95
    }
    fixed += fooled ? 1 : 0
    sequential += fooledAnyway ? 1 : 0
  }
  expect(fixed / experiments).toBeGreaterThan(0.2)
  expect(sequential / experiments).toBeLessThan(0.05)
})

/** mulberry32: chance from a seed. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
