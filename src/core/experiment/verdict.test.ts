/** The judge of many candidates: who wins, and how often it is wrong where there is nothing to find. */
import { describe, expect, test } from 'vitest'
import { metric } from '#test/gen/metric.ts'
import type { Judge, Look } from '../model/experiment.ts'
import { type Counted, judgeProportions } from '../model/statistics.ts'
import { verdictOf } from './verdict.ts'

function judge(changes: Partial<Judge['options']> = {}): Judge {
  const options = {
    direction: 'higher',
    confidence: 0.95,
    minSamples: 30,
    minEffect: 0,
    looks: 'sequential',
    ...changes,
  } as const
  return { metric: metric(), gives: 'count', options }
}

function look(role: string, candidate: Counted, stable: Counted, by: Judge): Look {
  const found = judgeProportions(stable, candidate, by.options)
  return {
    role,
    metric: by.metric.name,
    revision: role,
    at: 0,
    looks: 1,
    candidate,
    stable,
    confidence: found?.confidence,
    effect: found?.effect,
    message: found === undefined ? 'nothing to compare' : undefined,
  }
}

const share = (rate: number, of: number): Counted => ({ hits: Math.round(rate * of), of })

describe('K44: the fixed test of one candidate', () => {
  const rows: readonly (readonly [number, number, number, string | undefined])[] = [
    [0.05, 0.02, 10_000, 'b'],
    [0.05, 0.048, 1000, undefined],
    [0.05, 0.04, 1000, undefined],
    [0.1, 0.15, 10_000, 'stable'],
  ]
  for (const [own, other, of, winner] of rows) {
    test(`${own} against ${other} with ${of} each, lower is better: ${winner ?? 'nobody'}`, () => {
      const by = judge({ direction: 'lower', looks: 'fixed' })
      const looks = [look('b', share(other, of), share(own, of), by)]
      expect(verdictOf(by, looks, 1).winner).toBe(winner)
    })
  }
})

describe('several candidates', () => {
  // p = 0.030: enough alone, too little as the surest of three (0.05 / 3).
  const weak = { candidate: { hits: 568, of: 5000 }, stable: { hits: 500, of: 5000 } }
  const even = { candidate: { hits: 500, of: 5000 }, stable: { hits: 500, of: 5000 } }
  const by = judge({ looks: 'fixed' })
  const of = (role: string, { candidate, stable }: typeof weak): Look =>
    look(role, candidate, stable, by)

  test('what would be enough alone is not enough among three', () => {
    expect(verdictOf(by, [of('b', weak)], 1).winner).toBe('b')
    expect(verdictOf(by, [of('b', weak), of('c', even), of('d', even)], 3).winner).toBeUndefined()
  })

  test('one that was turned back still counts as one of them', () => {
    expect(verdictOf(by, [of('b', weak)], 3).winner).toBeUndefined()
  })

  test('after a sure one, the next has to be less sure (Holm)', () => {
    const sure = of('c', { candidate: { hits: 650, of: 5000 }, stable: { hits: 500, of: 5000 } })
    // p = 0.026, above 0.05 / 2: too little as the surest of two, enough after another one; and the better rate.
    const next = of('b', { candidate: { hits: 54, of: 400 }, stable: { hits: 500, of: 5000 } })
    expect(verdictOf(by, [next], 2).winner).toBeUndefined()
    expect(verdictOf(by, [next, sure], 2).winner).toBe('b')
  })

  test('one with too few observations holds up nobody else', () => {
    const few = { candidate: { hits: 20, of: 20 }, stable: { hits: 500, of: 5000 } }
    const sure = { candidate: { hits: 650, of: 5000 }, stable: { hits: 500, of: 5000 } }
    expect(verdictOf(by, [of('b', few), of('c', sure)], 2).winner).toBe('c')
  })

  test('a difference that is too small to matter names nobody', () => {
    const large = judge({ looks: 'fixed', minEffect: 0.2 })
    const looks = [look('b', { hits: 11_000, of: 100_000 }, { hits: 10_000, of: 100_000 }, large)]
    expect(verdictOf(large, looks, 1).winner).toBeUndefined()
  })
})

/** Uniform in [0, 1), the same for the same seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** How many of so many visitors do it, where each does with this chance. */
function drawn(next: () => number, of: number, rate: number): number {
  let hits = 0
  for (let one = 0; one < of; one += 1) hits += next() < rate ? 1 : 0
  return hits
}

const roles = ['b', 'c', 'd'] as const
type Trial = { readonly judge: Judge; readonly candidates: number; readonly looks: number }

/** The share of experiments without any difference in which somebody won nevertheless, at any of the looks. */
function falseAlarms({ judge: by, candidates, looks }: Trial, experiments: number): number {
  const next = random(20_261_121)
  const names = roles.slice(0, candidates)
  let alarms = 0
  for (let run = 0; run < experiments; run += 1) {
    const counts = ['stable', ...names].map(() => ({ hits: 0, of: 0 }))
    for (let at = 0; at < looks; at += 1) {
      for (const count of counts) {
        count.hits += drawn(next, 100, 0.1)
        count.of += 100
      }
      const [own = { hits: 0, of: 0 }, ...others] = counts
      const seen = names.map((role, index) => look(role, others[index] ?? own, own, by))
      if (verdictOf(by, seen, candidates).winner === undefined) continue
      alarms += 1
      break
    }
  }
  return alarms / experiments
}

describe('the false alarms where all are alike (seeded), of 5 % that may be', () => {
  // Three standard errors of a share of 5 % in so many experiments.
  const experiments = 800
  const bound = 0.05 + 3 * Math.sqrt((0.05 * 0.95) / experiments)

  for (const candidates of [1, 3]) {
    test(`sequential, ${candidates} beside stable, 60 looks at each`, () => {
      const rate = falseAlarms({ judge: judge(), candidates, looks: 60 }, experiments)
      expect(rate).toBeLessThanOrEqual(0.05)
    })

    test(`fixed, ${candidates} beside stable, a single look`, () => {
      const one = judge({ looks: 'fixed', minSamples: 2000 })
      const rate = falseAlarms({ judge: one, candidates, looks: 20 }, experiments)
      expect(rate).toBeLessThanOrEqual(bound)
    })
  }

  test('fixed with many looks is fooled far more often, as its documentation says', () => {
    const rate = falseAlarms({ judge: judge({ looks: 'fixed' }), candidates: 1, looks: 60 }, 400)
    expect(rate).toBeGreaterThan(0.15)
  })

  test('a real difference is found by the sequential test, too', () => {
    const by = judge()
    const looks = [look('b', share(0.13, 10_000), share(0.1, 10_000), by)]
    expect(verdictOf(by, looks, 1).winner).toBe('b')
  })
})
