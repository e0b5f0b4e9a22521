/** What verdicts mean for the release, under each policy. */
import { describe, expect, test } from 'vitest'
import { metric } from '#test/gen/metric.ts'
import type { Metric } from '../model/analysis.ts'
import type { MetricState, Sample } from '../model/notebook.ts'
import { addSample, emptyMetric } from './judge.ts'
import { standingOf } from './standing.ts'

type Word = 'good' | 'bad' | 'few' | 'none' | 'error'
const samples: Readonly<Record<Word, Omit<Sample, 'at'>>> = {
  good: { verdict: 'passing', value: 0, message: undefined },
  bad: { verdict: 'failing', value: 7.123_456, message: undefined },
  few: { verdict: 'needMoreData', value: undefined, message: '1 of 9 requests' },
  none: { verdict: 'noData', value: undefined, message: 'no series' },
  error: { verdict: 'error', value: undefined, message: 'it is down' },
}

function after(words: readonly Word[], changes: Partial<Metric>): MetricState {
  return words.reduce(
    (state, word, at) => addSample(metric(changes), state, { at, ...samples[word] }),
    emptyMetric('errors'),
  )
}

const rows: readonly (readonly [string, readonly Word[], Partial<Metric>, string])[] = [
  ['nothing yet is open', [], {}, 'open'],
  ['enough good ones pass', ['good'], {}, 'passes'],
  ['too few good ones are open', ['good'], { count: 2 }, 'open'],
  ['too few requests are open', ['few'], {}, 'open'],
  [
    'too few requests are open under any policy',
    ['few', 'few'],
    { onNoData: 'rollback', onError: 'rollback' },
    'open',
  ],
  ['as many bad ones as the limit fail', ['bad', 'bad'], { failures: 2 }, 'fails'],
  ['no data holds', ['none'], {}, 'holds'],
  ['no data may be gone past', ['none'], { onNoData: 'continue' }, 'passes'],
  [
    'no data rolls back when it is too often',
    ['none', 'good', 'none'],
    { failures: 2, onNoData: 'rollback' },
    'gaveUp',
  ],
  ['until then it holds', ['good', 'none'], { failures: 2, onNoData: 'rollback' }, 'holds'],
  ['an error holds', ['error'], {}, 'holds'],
  ['an error may be gone past', ['error'], { onError: 'continue' }, 'passes'],
  [
    'errors roll back when they are too many',
    ['error', 'good', 'error'],
    { failures: 2, onError: 'rollback' },
    'gaveUp',
  ],
  [
    'errors and no data count together',
    ['error', 'good', 'none'],
    { failures: 2, onError: 'rollback', onNoData: 'rollback' },
    'gaveUp',
  ],
  [
    'with a limit in a row, a good one between starts anew',
    ['error', 'error', 'good', 'error', 'error'],
    { onError: 'rollback', consecutiveErrors: 3 },
    'holds',
  ],
  [
    'so many in a row roll back',
    ['good', 'error', 'error', 'error'],
    { onError: 'rollback', consecutiveErrors: 3 },
    'gaveUp',
  ],
  [
    'one that came back is forgiven',
    ['error', 'error', 'good'],
    { onError: 'rollback', consecutiveErrors: 3 },
    'passes',
  ],
  [
    'fewer than so many hold what would go on',
    ['error', 'error'],
    { onError: 'continue', consecutiveErrors: 3 },
    'holds',
  ],
  [
    'so many let it go on',
    ['error', 'error', 'error'],
    { onError: 'continue', consecutiveErrors: 3 },
    'passes',
  ],
  ['so many hold under hold', ['error', 'error', 'error'], { consecutiveErrors: 2 }, 'holds'],
  [
    'a limit in a row of errors leaves no data as it was',
    ['none', 'none'],
    { failures: 2, onNoData: 'rollback', onError: 'rollback', consecutiveErrors: 9 },
    'gaveUp',
  ],
  [
    'errors beyond those that are kept are still in a row',
    Array.from({ length: 30 }, () => 'error'),
    { onError: 'rollback', consecutiveErrors: 10 },
    'gaveUp',
  ],
]

describe('standing', () => {
  for (const [name, words, changes, kind] of rows)
    test(name, () => expect(standingOf(metric(changes), after(words, changes)).kind).toBe(kind))

  test('only what was judged counts as judged', () => {
    const judged = (words: readonly Word[]): unknown =>
      standingOf(metric({ onNoData: 'continue' }), after(words, {}))
    expect(judged(['good'])).toEqual({ kind: 'passes', judged: true })
    expect(judged(['none'])).toEqual({ kind: 'passes', judged: false })
  })
})

describe('its sentence', () => {
  const said = (words: readonly Word[], changes: Partial<Metric>): unknown => {
    const standing = standingOf(metric(changes), after(words, changes))
    return 'message' in standing ? standing.message : undefined
  }

  test('names values and limits', () => {
    expect(said(['bad', 'bad'], { failures: 2, min: 0 })).toBe(
      'metric errors had 2 bad samples of at most 1: 7.123, 7.123 (min 0, max 1)',
    )
    expect(said(['bad'], { compare: 'ratio' })).toBe(
      'metric errors had 1 bad samples of at most 0: 7.123 (ratio to stable, max 1)',
    )
  })

  test('names how often there was nothing, and why', () => {
    expect(said(['error', 'error'], { onError: 'rollback', consecutiveErrors: 2 })).toBe(
      'metric errors gave nothing to judge 2 times: it is down',
    )
    expect(said(['none'], {})).toBe('metric errors: no series')
  })
})
