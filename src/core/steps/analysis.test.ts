/** What a step may live on: samples of its own, also where it may go on without a judgement. */
import { expect, test } from 'vitest'
import { metric } from '#test/gen/metric.ts'
import { emptyMetric } from '../analysis/judge.ts'
import type { Sample, Trial } from '../model/notebook.ts'
import type { Pass } from '../pass.ts'
import { analysisOutcome } from './analysis.ts'

const since = 10_000
const trial = { role: 'canary', revision: 'x' } as Trial

/** Whether the step is done, with a newest sample of this verdict and time. */
function isDone(verdict: Sample['verdict'], at: number): boolean {
  const one = metric({ name: 'errors', onError: 'continue', onNoData: 'continue', count: 1 })
  const sample = { at, verdict, value: undefined, message: undefined }
  const good = verdict === 'passing' ? 1 : 0
  const state = { ...emptyMetric('errors'), verdict, good, samples: [sample] }
  const pass = {
    book: { analyses: [{ role: 'canary', revision: 'x', metrics: [state] }] },
    observed: { app: { analysis: { metrics: [one] } } },
  } as unknown as Pass
  return analysisOutcome(['errors'], since, trial, pass) === undefined
}

const rows = [
  ['a good sample of the step', 'passing', since + 1, true],
  ['a good one from before it', 'passing', since, false],
  ['an error in the step that may be gone past', 'error', since + 1, true],
  ['an error from before it', 'error', since, false],
  ['no data in the step that may be gone past', 'noData', since + 1, true],
  ['no data from before it', 'noData', since, false],
] as const
for (const [name, verdict, at, done] of rows)
  test(`${name}: ${done ? 'done' : 'not yet'}`, () => expect(isDone(verdict, at)).toBe(done))
