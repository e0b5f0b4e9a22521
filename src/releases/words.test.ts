/** Longer words about a release. */
import { expect, test } from 'vitest'
import type { Metric } from '#core/model/analysis.ts'
import type { Judge, Look } from '#core/model/experiment.ts'
import type { DecisionRecord, MetricState } from '#core/model/notebook.ts'
import type { Entry } from './entry.ts'
import { lookDetail, stepOfRecord, timing, verdictDetail } from './words.ts'

const state = (more: Partial<MetricState> = {}): MetricState => ({
  ...{ name: 'errors', verdict: 'passing', good: 8, bad: 0, missing: 0, errors: 0 },
  samples: [],
  ...more,
})
const metric = (more: Partial<Metric> = {}): Metric =>
  ({ name: 'errors', count: 5, failures: 2, max: 5, ...more }) as Metric

const seen = (value: number | undefined, message?: string): MetricState['samples'] => [
  { at: 0, verdict: value === undefined ? 'noData' : 'passing', value, message },
]

const rows: readonly (readonly [string, MetricState, Metric | undefined, string])[] = [
  [
    'counts, and what they are measured by',
    state(),
    metric(),
    '8 good in all (5 needed), 0 bad (2 turn it back)',
  ],
  [
    'one that is enough',
    state({ bad: 1 }),
    metric({ failures: 1 }),
    '8 good in all (5 needed), 1 bad (1 turns it back)',
  ],
  ['a metric that is gone from the plan', state(), undefined, '8 good in all, 0 bad'],
  [
    'what lacked data, and errors',
    state({ missing: 2, errors: 1 }),
    undefined,
    '8 good in all, 0 bad, 2 without data, 1 error',
  ],
  [
    'the last value beside its limit',
    state({ samples: seen(0.4) }),
    metric(),
    '8 good in all (5 needed), 0 bad (2 turn it back); last 0.4, at most 5',
  ],
  [
    'the last answer that was none',
    state({ samples: seen(undefined, 'there is no data') }),
    undefined,
    '8 good in all, 0 bad; last: there is no data',
  ],
]
for (const [name, given, of, words] of rows)
  test(name, () => expect(verdictDetail(given, of)).toBe(words))

const records: readonly (readonly [string, number | undefined, number | undefined])[] = [
  ['StepAdvance', 0, 1],
  ['Retreat', 2, 3],
  // All steps are done.
  ['Complete', 4, undefined],
  ['LeaveOut', undefined, undefined],
]
for (const [action, step, shown] of records)
  test(`${action} at ${step} is about step ${shown}`, () =>
    expect(stepOfRecord({ action, step } as DecisionRecord)).toBe(shown))

const on = (type: string, steps: readonly object[], next?: number): Entry =>
  ({
    app: { plan: { candidates: [{ role: 'canary', steps }] } },
    book: {
      reason: { type, since: 1000, next },
      trials: [{ role: 'canary', step: 0, stepStartedAt: 2000, stage: { kind: 'steps' } }],
    },
  }) as unknown as Entry
const pause = { kind: 'pause', durationMs: 60_000 }

const timings: readonly (readonly [string, Entry, string])[] = [
  // Its metrics are asked before that.
  ['a timed pause tells its end', on('WaitingForPause', [pause], 6000), '  for 4s; goes on in 57s'],
  ['anything else its next look', on('Settling', [pause], 8000), '  for 4s; looked at again in 3s'],
  ['what nobody waits for tells nothing more', on('WaitingForApproval', [pause]), '  for 4s'],
]
for (const [name, entry, words] of timings)
  test(name, () => expect(timing(entry, 5000)).toEqual([words]))

const look = (more: Partial<Look> = {}): Look => ({
  ...{ role: 'red', metric: 'sales', revision: 'r', at: 0, looks: 3 },
  candidate: { hits: 120, of: 1200 },
  stable: { hits: 96, of: 1200 },
  ...{ effect: 0.25, confidence: 0.9151, message: undefined },
  ...more,
})
const judge = { options: { confidence: 0.95 } } as Judge

const looks: readonly (readonly [string, Look, Judge | undefined, string])[] = [
  [
    'shares with their counts, and how sure the judge is and has to be',
    look(),
    judge,
    '10 % (120 of 1200), stable 8 % (96 of 1200); effect +25 %, confidence 91.5 % (95 % needed)',
  ],
  [
    'a judge that is gone from the plan',
    look({ effect: -0.5, confidence: 1 }),
    undefined,
    '10 % (120 of 1200), stable 8 % (96 of 1200); effect -50 %, confidence 100 %',
  ],
  [
    'counts of an earlier look, and why there are none now',
    look({ ...{ effect: undefined, confidence: undefined }, message: 'no answer' }),
    judge,
    '10 % (120 of 1200), stable 8 % (96 of 1200); no answer',
  ],
  [
    'nobody came yet',
    look({ candidate: { hits: 0, of: 0 }, effect: undefined, confidence: undefined }),
    judge,
    '- (0 of 0), stable 8 % (96 of 1200)',
  ],
  ['no counts', look({ candidate: undefined, message: 'no series' }), judge, 'no series'],
  ['nothing at all', look({ candidate: undefined }), judge, 'nothing counted yet'],
]
for (const [name, given, of, words] of looks)
  test(name, () => expect(lookDetail(given, of)).toBe(words))
