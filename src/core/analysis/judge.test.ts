/** From readings to verdicts. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { metric } from '#test/gen/metric.ts'
import type { Reading } from '../metrics/provider.ts'
import type { Metric } from '../model/app.ts'
import { keep, type MetricState } from '../model/notebook.ts'
import { addSample, emptyMetric, metricState, sampleOf } from './judge.ts'

const number = (value: number): Reading => ({ kind: 'value', value })
const noData: Reading = { kind: 'noData', message: 'nothing there' }
const error: Reading = { kind: 'error', message: 'it is down' }
const [good, bad] = [number(0), number(9)]

function judged(readings: readonly Reading[], changes: Partial<Metric> = {}): MetricState {
  const asked = metric(changes)
  return readings.reduce(
    (state, reading, index) => addSample(asked, state, sampleOf(asked, reading, index)),
    emptyMetric(asked.name),
  )
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
    test(name, () => expect(sampleOf(metric(limits), number(value), 0).verdict).toBe(verdict))
  }

  test('no data and errors keep their kind and their sentence, and have no value', () => {
    expect([sampleOf(metric(), noData, 0), sampleOf(metric(), error, 0)]).toEqual([
      { at: 0, verdict: 'noData', value: undefined, message: 'nothing there' },
      { at: 0, verdict: 'error', value: undefined, message: 'it is down' },
    ])
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
  ] as const
  for (const [name, readings, changes, verdict] of rows)
    test(name, () => expect(judged(readings, changes).verdict).toBe(verdict))

  test('a sample that is not newer counts nothing', () => {
    const asked = metric()
    const once = addSample(asked, emptyMetric('errors'), sampleOf(asked, bad, 5))
    expect(addSample(asked, once, sampleOf(asked, bad, 5))).toBe(once)
    expect(addSample(asked, once, sampleOf(asked, good, 4))).toBe(once)
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
          const next = addSample(asked, state, sampleOf(asked, reading, index))
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
  expect(metricState({ revision: 'a', metrics: [known] }, 'errors')).toBe(known)
})
