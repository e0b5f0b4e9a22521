/** The analysis step, and the gate before a promotion: every metric named must be passing. */
import { metricState } from '../analysis/judge.ts'
import { waitingFor } from '../move/waiting.ts'
import type { Pass } from '../pass.ts'
import type { Outcome } from './step.ts'

export function analysisOutcome(metrics: readonly string[], { book, observed }: Pass): Outcome {
  for (const name of metrics) {
    const state = metricState(book.analysis, name)
    const metric = observed.app.analysis?.metrics.find((one) => one.name === name)
    if (state.verdict === 'passing' || metric === undefined) continue
    if (state.verdict === 'noData' && metric.onNoData === 'continue') continue
    if (state.verdict === 'error' && metric.onError === 'continue') continue
    const message = `metric ${name} has ${state.good} good samples of the ${metric.count} it needs`
    return waitingFor('WaitingForAnalysis', message)
  }
  return undefined
}
