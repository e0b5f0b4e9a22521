/** When metrics are asked for, and which answers count. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { installed, noSeries, outage, stamped, value } from '#test/gen/story.ts'
import type { ReleaseMetric } from '../api/release-analysis.ts'
import type { HttpAnswer } from '../http-ask.ts'
import type { App } from '../model/app.ts'
import type { AnalysisState, MetricState, Trial } from '../model/notebook.ts'
import type { MetricAnswer } from '../observed.ts'
import { emptyMetric } from './judge.ts'
import { type Schedule, schedule, takeAnswers } from './schedule.ts'

const second = 1000
const start = 1_000_000

function app(changes: Partial<ReleaseMetric> = {}, warmup = '0s'): App {
  return installed({ analysis: analysis(changes, warmup) }).observe().app
}

function trial(changes: Partial<Trial> = {}): Trial {
  return {
    role: 'canary',
    revision: 'r2',
    startedAt: start,
    stage: { kind: 'steps' },
    step: 0,
    stepStartedAt: start,
    trafficSince: start,
    service: 'shop-canary',
    command: undefined,
    ...changes,
  }
}

function state(changes: Partial<MetricState> = {}, revision = 'r2'): AnalysisState {
  return { role: 'canary', revision, metrics: [{ ...emptyMetric('errors'), ...changes }] }
}

const sampled = (at: number): Partial<MetricState> => ({
  samples: [{ at, verdict: 'passing', value: 0, message: undefined }],
  good: 1,
})

function due(on: App, known: AnalysisState, now: number, given: Trial = trial()): Schedule {
  return schedule({ app: on, trial: given, stable: 'r1', state: known }, now)
}

describe('questions', () => {
  const rows = [
    [
      'none before the candidate has traffic',
      {},
      trial({ trafficSince: undefined }),
      {},
      0,
      [],
      undefined,
    ],
    ['none within the first interval', {}, trial(), {}, 9_999, [], 10_000],
    ['the first after one interval', {}, trial(), {}, 10_000, [10_000], undefined],
    ['the first after warm-up and one interval', { warmup: '1m' }, trial(), {}, 60_000, [], 70_000],
    [
      'the next one interval after the last sample',
      {},
      trial(),
      sampled(start + 10_000),
      15_000,
      [],
      20_000,
    ],
    [
      'it stands for when it was due, though asked a little late',
      {},
      trial(),
      {},
      14_000,
      [10_000],
      undefined,
    ],
    [
      'it stands for now when it is later than an interval',
      {},
      trial(),
      {},
      60_000,
      [60_000],
      undefined,
    ],
  ] as const
  for (const [name, changes, on, known, now, asked, next] of rows) {
    test(name, () => {
      const warmup = 'warmup' in changes ? changes.warmup : '0s'
      const found = due(app({}, warmup), state(known), start + now, on)
      expect(found.asks.map(({ at }) => at - start)).toEqual(asked)
      expect(found.next).toBe(next === undefined ? undefined : start + next)
    })
  }

  test('one that is asked again, because no answer came, has the same id', () => {
    const [one, other] = [10_000, 12_000].map((now) => due(app(), state(), start + now).asks[0])
    expect(one?.id).toBe(other?.id)
    expect(due(app(), state(sampled(start + 10_000)), start + 20_000).asks[0]?.id).not.toBe(one?.id)
  })

  test('looks back no further than the candidate has had traffic', () => {
    const url = (now: number): string =>
      decodeURIComponent(due(app(), state(), start + now).asks[0]?.ask.url ?? '')
    expect(url(10 * second)).toContain('[10s]')
    expect(url(500 * second)).toContain('[120s]')
  })

  describe('companions', () => {
    const asked = (changes: Partial<ReleaseMetric>): Record<string, string> => {
      const { ask, companions } = due(app(changes), state(), start + 60_000).asks[0] ?? {}
      const urls = Object.entries({ value: ask, ...companions })
      return Object.fromEntries(
        urls.map(([name, one]) => [name, new URL(one?.url ?? '').searchParams.get('query') ?? '']),
      )
    }

    test('are none where the value is enough', () => {
      expect(Object.keys(asked({}))).toEqual(['value'])
    })

    test('count the requests where a number of them is needed', () => {
      const found = asked({ minSamples: 10 })
      expect(Object.keys(found)).toEqual(['value', 'count'])
      expect(found['count']).toBe(
        'sum(increase(http_requests_total{namespace="default", rollout="shop", revision="r2"}[60s]))',
      )
    })

    test('ask the same of stable, over the same stretch of time, to compare', () => {
      const found = asked({ compare: 'ratio', minSamples: 10 })
      expect(Object.keys(found)).toEqual(['value', 'count', 'stable', 'stableCount'])
      expect(found['stable']).toBe(found['value']?.replaceAll('"r2"', '"r1"'))
      expect(found['stableCount']).toBe(found['count']?.replaceAll('"r2"', '"r1"'))
    })

    test('ask by the Service of each role where a gateway counted', () => {
      const found = asked({ compare: 'difference', source: 'istio' })
      expect(found['value']).toContain('destination_service_name="shop-canary"')
      expect(found['stable']).toContain('destination_service_name="shop-stable"')
    })
  })

  test('nothing is asked where no analysis is wanted', () => {
    const plain = { ...app(), analysis: undefined }
    expect(due(plain, state(), start + 60_000)).toEqual({ asks: [], next: undefined })
  })
})

describe('answers', () => {
  const given = (answer: HttpAnswer, changes: Partial<MetricAnswer> = {}): MetricAnswer => ({
    id: 'one',
    role: 'canary',
    metric: 'errors',
    revision: 'r2',
    at: start + 10_000,
    returnedAt: start + 10_050,
    ...changes,
    answer: stamped(answer, changes.at ?? start + 10_000),
  })
  const take = (
    answers: readonly MetricAnswer[],
    known: readonly AnalysisState[] = [],
    on: Trial = trial(),
  ): MetricState | undefined => {
    const { analysis: wanted } = app({ failures: 3 })
    if (wanted === undefined) throw new Error('the builder gives an analysis')
    return takeAnswers(wanted, on, known, answers).metrics[0]
  }

  const rows = [
    ['a good one counts', [given(value('0'))], { good: 1, verdict: 'passing' }],
    ['a bad one counts', [given(value('7'))], { bad: 1, verdict: 'needMoreData' }],
    ['an outage is an error', [given(outage)], { errors: 1, verdict: 'error' }],
    ['no series is no data', [given(noSeries)], { missing: 1, verdict: 'noData' }],
    ['the same one twice counts once', [given(value('7')), given(value('7'))], { bad: 1 }],
    ['one for another candidate counts nothing', [given(value('7'), { role: 'b' })], { bad: 0 }],
    [
      'one for another instant than was asked for is stale',
      [{ ...given(value('0')), answer: stamped(value('0'), start - 60_000) }],
      { missing: 1, verdict: 'noData' },
    ],
    [
      'one for another revision counts nothing',
      [given(value('7'), { revision: 'r1' })],
      { bad: 0 },
    ],
    ['one for another metric counts nothing', [given(value('7'), { metric: 'other' })], { bad: 0 }],
    [
      'one of an earlier trial of this revision counts nothing',
      [given(value('7'), { at: start - 1 })],
      { bad: 0 },
    ],
    [
      'they count in the order of time',
      [given(value('7'), { at: start + 20_000 }), given(value('0'), { at: start + 10_000 })],
      { good: 1, bad: 1, verdict: 'needMoreData' },
    ],
  ] as const
  for (const [name, answers, expected] of rows)
    test(name, () => expect(take(answers)).toMatchObject(expected))

  test('companions are read with the answer they came with', () => {
    const { analysis: wanted } = app({ compare: 'ratio', minSamples: 5, max: 2 })
    const taken = (stable: string, count: string): MetricState | undefined => {
      const at = start + 10_000
      const [own, few, other] = [stable, count, '9'].map((text) => stamped(value(text), at))
      if (own === undefined || few === undefined || other === undefined) throw new Error('three')
      const companions = { stable: own, count: few, stableCount: other }
      const answer = { ...given(value('3')), companions }
      return wanted && takeAnswers(wanted, trial(), [], [answer]).metrics[0]
    }
    expect(taken('2', '5')).toMatchObject({ good: 1, samples: [{ value: 1.5 }] })
    expect(taken('1', '5')).toMatchObject({ bad: 1, samples: [{ value: 3 }] })
    expect(taken('1', '4')).toMatchObject({ bad: 0, good: 0, verdict: 'needMoreData' })
  })

  test('a sample of too few requests is remembered, so that the next question waits its interval', () => {
    const small = { at: start + 10_000, verdict: 'needMoreData', value: undefined } as const
    const known = state({ samples: [{ ...small, message: '1 of 5 requests' }] })
    expect(take([], [known])?.samples).toHaveLength(1)
    expect(due(app(), known, start + 15_000)).toEqual({ asks: [], next: start + 20_000 })
  })

  test('none counts before the candidate has had traffic', () => {
    expect(take([given(value('0'))], [], trial({ trafficSince: undefined }))).toMatchObject({
      good: 0,
    })
  })

  test('what is known of the revision goes on; of what memory and status know, the further one', () => {
    const one = state({ ...sampled(start + 1000), bad: 1 })
    const further = state({ ...sampled(start + 2000), good: 4, bad: 2 })
    expect(take([], [one, further])).toMatchObject({ good: 4, bad: 2 })
    expect(take([], [further, one])).toMatchObject({ good: 4, bad: 2 })
    expect(take([given(value('7'))], [one, further])).toMatchObject({ bad: 3, verdict: 'failing' })
  })

  test('what is known of another revision, or of an earlier trial of this one, is forgotten', () => {
    expect(take([], [state({ bad: 3, verdict: 'failing' }, 'r1')])).toMatchObject({ bad: 0 })
    const earlier = state({ ...sampled(start - 5000), bad: 3, verdict: 'failing' })
    expect(take([], [earlier])).toMatchObject({ bad: 0, verdict: 'needMoreData' })
  })
})

describe('a warm-up from the beginning of each step', () => {
  const warm = (given: Trial, known: AnalysisState, now: number): Schedule => {
    const found = app({ interval: '10s' }, '60s')
    const { analysis: own } = found
    if (own === undefined) throw new Error('there is an analysis')
    return due({ ...found, analysis: { ...own, warmupFrom: 'step' } }, known, now, given)
  }
  const later = trial({ step: 2, stepStartedAt: start + 300 * second })

  test('asks nothing until it is over, also after a sample of the step before', () => {
    const before = state(sampled(start + 299 * second))
    expect(warm(later, before, start + 350 * second)).toEqual({
      asks: [],
      next: start + 360 * second,
    })
    expect(warm(later, before, start + 360 * second).asks.length).toBe(1)
  })

  test('is the same as any other at the first step', () => {
    expect(warm(trial(), state(), start + 69 * second)).toEqual({
      asks: [],
      next: start + 70 * second,
    })
  })
})
