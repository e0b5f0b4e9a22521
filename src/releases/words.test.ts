/** Longer words about a release. */
import { expect, test } from 'vitest'
import type { Metric } from '#core/model/analysis.ts'
import type { DecisionRecord, MetricState } from '#core/model/notebook.ts'
import { stepOfRecord, verdictDetail } from './words.ts'

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
