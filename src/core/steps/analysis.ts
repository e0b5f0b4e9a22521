/** The analysis step, and the gate before a promotion: every metric named must be passing. */
import { uncompared } from '../analysis/alone.ts'
import { metricState } from '../analysis/judge.ts'
import { standingOf } from '../analysis/standing.ts'
import { analysisOf, keep, type Sample, type Trial } from '../model/notebook.ts'
import { waitingFor } from '../move/waiting.ts'
import type { Pass } from '../pass.ts'
import type { Instant } from '../time.ts'
import type { Outcome } from './step.ts'

/**
 * Passed is what was seen to be good after `since`, so that no step lives on the samples of an earlier one. Of a metric
 * that wants more good samples than are kept, all that are kept must be that young.
 */
export function analysisOutcome(
  metrics: readonly string[],
  since: Instant,
  trial: Trial,
  pass: Pass,
): Outcome {
  const { book, observed } = pass
  const { role } = trial
  for (const name of metrics) {
    const state = metricState(analysisOf(book, role), name)
    const metric = observed.app.analysis?.metrics.find((one) => one.name === name)
    if (metric === undefined) continue
    const standing = standingOf(metric, state)
    const young = state.samples.filter(({ at }) => at > since)
    // Gone past without a judgement, but not without having looked.
    if (standing.kind === 'passes' && !standing.judged && young.length > 0) continue
    const allYoung = young.length === keep.samples
    const good = allYoung ? state.good : young.filter(isGood).length
    if (standing.kind === 'passes' && good >= metric.count) continue
    const unasked = uncompared(pass, trial, metric)
    if (unasked !== undefined && metric.onNoData === 'continue') continue
    if (unasked !== undefined) return waitingFor('WaitingForMetrics', unasked)
    const message = `metric ${name} has ${good} of the ${metric.count} good samples it needs since the step began`
    return waitingFor('WaitingForAnalysis', message)
  }
  return undefined
}

function isGood({ verdict }: Sample): boolean {
  return verdict === 'passing'
}
