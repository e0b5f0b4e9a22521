/** From readings to verdicts. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { metric } from '#test/gen/metric.ts'
import type { Reading } from '../metrics/provider.ts'
import type { Metric } from '../model/analysis.ts'
import { keep, type MetricState } from '../model/notebook.ts'
import { addSample, emptyMetric, metricState, sampleOf } from './judge.ts'

const number = (value: number): Reading => ({ kind: 'value', value })
const noData: Reading = { kind: 'noData', message: 'nothing there' }
const error: Reading = { kind: 'error', message: 'it is down' }
const [good, bad] = [number(0), number(9)]
/** Stands for a sample of too few requests. */
const few: Reading = number(Number.NaN)

function judged(readings: readonly Reading[], changes: Partial<Metric> = {}): MetricState {
  const asked = metric(changes)
  return readings.reduce((state, value, index) => {
    const counted = { ...asked, minSamples: 1 }
    const sample = sampleOf(counted, { value, count: number(value === few ? 0 : 1) }, index)
    return addSample(asked, state, sample)
  }, emptyMetric(asked.name))
}

describe('one sample', () => {
  const rows = [
    ['equal to the maximum is good', { max: 5 }, 5, 'passing'],
    ['above the maximum is bad', { max: 5 }, 5.000001, 'failing'],
    ['equal to the minimum is good', { max: undefined, min: 99 }, 99, 'passing'],
    ['below the minimum is bad', { max: undefined, min: 99 }, 98.9, 'failing'],
    ['between both is good', { min: 1, max: 3 }, 2, 'passing'],
    ['a maximum of zero is a limit', { max: 0 }, 0.1, 'failing'],
  ] as const
  for (const [name, limits, value, verdict] of rows) {
    test(name, () =>
      expect(sampleOf(metric(limits), { value: number(value) }, 0).verdict).toBe(verdict),
    )
  }

  test('no data and errors keep their kind and their sentence, and have no value', () => {
    const said = [noData, error].map((value) => sampleOf(metric(), { value }, 0))
    expect(said).toEqual([
      { at: 0, verdict: 'noData', value: undefined, message: 'nothing there' },
      { at: 0, verdict: 'error', value: undefined, message: 'it is down' },
    ])
  })
})

describe('a sample with companions', () => {
  type Given = {
    readonly value?: Reading
    readonly count?: Reading
    readonly stable?: Reading
    readonly stableCount?: Reading
  }
  const judge = (changes: Partial<Metric>, given: Given): ReturnType<typeof sampleOf> =>
    sampleOf(metric(changes), { value: number(1), ...given }, 0)

  const enough = { minSamples: 100, max: 5 }
  const counted = [
    ['as many requests as it needs are judged', { count: number(100) }, 'passing'],
    ['one fewer are not', { count: number(99) }, 'needMoreData'],
    [
      'a bad value of too few is not judged either',
      { value: number(9), count: number(99) },
      'needMoreData',
    ],
    [
      'a value that is missing because of too few only needs time',
      { value: noData, count: number(0) },
      'needMoreData',
    ],
    ['no value and no requests are no data', { value: noData, count: noData }, 'noData'],
    ['a value without a count is no data', { count: noData }, 'noData'],
    ['a count that fails is an error', { count: error }, 'error'],
    [
      'a value that fails is an error, whatever the count',
      { value: error, count: number(1) },
      'error',
    ],
    ['a count that never came is an error', {}, 'error'],
    ['a negative count is too few', { count: number(-5) }, 'needMoreData'],
  ] as const
  for (const [name, given, verdict] of counted)
    test(name, () => expect(judge(enough, given).verdict).toBe(verdict))

  const ratio = { compare: 'ratio', max: 1.5 } as const
  const difference = { compare: 'difference', max: 2 } as const
  const compared = [
    [
      'a ratio at its limit is good',
      ratio,
      { value: number(3), stable: number(2) },
      'passing',
      1.5,
    ],
    ['a ratio above is bad', ratio, { value: number(4), stable: number(2) }, 'failing', 2],
    [
      'nothing against nothing is the same',
      ratio,
      { value: number(0), stable: number(0) },
      'passing',
      1,
    ],
    [
      'something against nothing is infinitely more',
      ratio,
      { value: number(1), stable: number(0) },
      'failing',
      undefined,
    ],
    [
      'which is good where more is',
      { compare: 'ratio', max: undefined, min: 0.9 },
      { value: number(1), stable: number(0) },
      'passing',
      undefined,
    ],
    [
      'negative numbers have no ratio',
      ratio,
      { value: number(-1), stable: number(2) },
      'error',
      undefined,
    ],
    [
      'a difference at its limit is good',
      difference,
      { value: number(5), stable: number(3) },
      'passing',
      2,
    ],
    [
      'a difference above is bad',
      difference,
      { value: number(6), stable: number(3) },
      'failing',
      3,
    ],
    [
      'a difference may be negative',
      difference,
      { value: number(1), stable: number(3) },
      'passing',
      -2,
    ],
    ['no data of stable is no data', ratio, { stable: noData }, 'noData', undefined],
    ['an error of stable is an error', ratio, { stable: error }, 'error', undefined],
    ['an answer of stable that never came is an error', ratio, {}, 'error', undefined],
    [
      'too few requests of stable need more',
      { ...ratio, minSamples: 10 },
      { count: number(10), stable: number(1), stableCount: number(9) },
      'needMoreData',
      undefined,
    ],
    [
      'enough of both are judged',
      { ...ratio, minSamples: 10 },
      { count: number(10), stable: number(1), stableCount: number(10) },
      'passing',
      1,
    ],
  ] as const
  for (const [name, changes, given, verdict, value] of compared)
    test(name, () => expect(judge(changes, given)).toMatchObject({ verdict, value }))

  test('says what was compared, and how many requests are missing', () => {
    expect(judge(ratio, { value: number(4), stable: number(2) }).message).toBe(
      "4 against stable's 2",
    )
    expect(judge(ratio, { stable: noData }).message).toBe('stable: nothing there')
    expect(judge(enough, { count: number(12.7) }).message).toBe('12 of 100 requests')
  })
})

describe('a row of samples', () => {
  const rows = [
    ['nothing yet needs more data', [], {}, 'needMoreData'],
    ['too few good ones need more data', [good], { count: 2 }, 'needMoreData'],
    ['enough good ones pass', [good, good], { count: 2 }, 'passing'],
    ['bad ones below the limit need more data', [good, bad], { failures: 2 }, 'needMoreData'],
    ['a good one after a bad one may pass', [bad, good], { failures: 2 }, 'passing'],
    ['as many bad ones as the limit fail', [bad, good, bad], { failures: 2 }, 'failing'],
    ['failing is for good', [bad, good, good], { failures: 1 }, 'failing'],
    ['no data is no success, whatever came before', [good, good, noData], {}, 'noData'],
    ['an error is no success, whatever came before', [good, good, error], {}, 'error'],
    ['a good one after an error passes', [good, error, good], { count: 2 }, 'passing'],
    ['errors do not count as bad', [error, error, error], { failures: 2 }, 'error'],
    ['no data does not count as bad', [noData, noData], { failures: 1 }, 'noData'],
    ['too few requests count nothing, and are no success', [good, few], {}, 'needMoreData'],
    ['failing is for good, also with too few requests', [bad, few], {}, 'failing'],
  ] as const
  for (const [name, readings, changes, verdict] of rows)
    test(name, () => expect(judged(readings, changes).verdict).toBe(verdict))

  test('a sample that is not newer counts nothing', () => {
    const asked = metric()
    const once = addSample(asked, emptyMetric('errors'), sampleOf(asked, { value: bad }, 5))
    expect(addSample(asked, once, sampleOf(asked, { value: bad }, 5))).toBe(once)
    expect(addSample(asked, once, sampleOf(asked, { value: good }, 4))).toBe(once)
  })

  const readings = fc.array(
    fc.constantFrom(good, bad, noData, error, number(Infinity), number(Number.NaN)),
    { maxLength: 60 },
  )

  test('counts never fall, the history is bounded, and passing needs good samples', () => {
    const limits = fc.integer({ min: 1, max: 20 })
    fc.assert(
      fc.property(readings, limits, limits, (given, failures, count) => {
        const asked = metric({ failures, count })
        let state = emptyMetric('errors')
        for (const [index, reading] of given.entries()) {
          const next = addSample(asked, state, sampleOf(asked, { value: reading }, index))
          for (const name of ['good', 'bad', 'missing', 'errors'] as const)
            expect(next[name]).toBeGreaterThanOrEqual(state[name])
          if (state.verdict === 'failing') expect(next.verdict).toBe('failing')
          state = next
        }
        expect(state.samples.length).toBeLessThanOrEqual(keep.samples)
        expect(state.good + state.bad + state.missing + state.errors).toBe(given.length)
        if (state.verdict === 'passing') {
          expect(state.good).toBeGreaterThanOrEqual(count)
          expect(state.bad).toBeLessThan(failures)
        }
      }),
    )
  })
})

test('a metric that was never measured has an empty state', () => {
  expect(metricState(undefined, 'errors')).toEqual(emptyMetric('errors'))
  const known = { ...emptyMetric('errors'), good: 1 }
  expect(metricState({ role: 'canary', revision: 'a', metrics: [known] }, 'errors')).toBe(known)
})
