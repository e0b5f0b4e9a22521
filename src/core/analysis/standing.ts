/** What a metric's verdict means for its release: whether it may go on, waits, or turns back. */
import { unreachable } from '../assert.ts'
import type { Metric } from '../model/analysis.ts'
import type { MetricState } from '../model/notebook.ts'

/**
 * `fails`: too many bad samples. `gaveUp`: nothing to judge, so often that the policy rolls back. `holds`: nothing to
 * judge now, and nothing goes on before there is. `open`: nothing speaks against going on, though more good samples may
 * be wanted. `passes`: judged good, or its policy is to go on without a judgement.
 */
export type Standing =
  | { readonly kind: 'fails'; readonly message: string }
  | { readonly kind: 'gaveUp'; readonly message: string }
  | { readonly kind: 'holds'; readonly message: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'passes'; readonly judged: boolean }

export function standingOf(metric: Metric, state: MetricState): Standing {
  if (state.verdict === 'failing') return { kind: 'fails', message: failing(metric, state) }
  const times = timesMissing(metric, state)
  if (times !== undefined) {
    const message = `metric ${metric.name} gave nothing to judge ${times} times: ${lastMessage(state)}`
    return { kind: 'gaveUp', message }
  }
  switch (state.verdict) {
    case 'noData':
      return metric.onNoData === 'continue' ? unjudged : held(metric, state)
    case 'error':
      return metric.onError === 'continue' && isInARow(metric, state)
        ? unjudged
        : held(metric, state)
    case 'needMoreData':
      return { kind: 'open' }
    case 'passing':
      return { kind: 'passes', judged: true }
    default:
      return unreachable(state.verdict)
  }
}

const unjudged: Standing = { kind: 'passes', judged: false }

function held(metric: Metric, state: MetricState): Standing {
  return { kind: 'holds', message: `metric ${metric.name}: ${lastMessage(state)}` }
}

/** How often there was nothing to judge, once that is too often; undefined while it is not. */
function timesMissing(metric: Metric, state: MetricState): number | undefined {
  const missing = metric.onNoData === 'rollback' ? state.missing : 0
  if (metric.onError !== 'rollback') return missing >= metric.failures ? missing : undefined
  if (metric.consecutiveErrors === undefined) {
    const times = missing + state.errors
    return times >= metric.failures ? times : undefined
  }
  if (missing >= metric.failures) return missing
  return isInARow(metric, state) ? errorsInARow(state) : undefined
}

function isInARow({ consecutiveErrors = 1 }: Metric, state: MetricState): boolean {
  return errorsInARow(state) >= consecutiveErrors
}

/** As far as samples are kept; a limit beyond that cannot be asked for. */
function errorsInARow({ samples }: MetricState): number {
  const other = samples.findLastIndex(({ verdict }) => verdict !== 'error')
  return samples.length - 1 - other
}

function failing(metric: Metric, state: MetricState): string {
  const values = state.samples.flatMap(({ verdict, value, message }) =>
    verdict !== 'failing' ? [] : value === undefined ? (message ?? []) : String(round(value)),
  )
  const counted = `${state.bad} bad samples of at most ${metric.failures - 1}`
  return `metric ${metric.name} had ${counted}: ${values.join(', ')} (${limits(metric)})`
}

function lastMessage(state: MetricState): string {
  return state.samples.at(-1)?.message ?? 'nothing to judge'
}

/** `min 1, max 3`; of a comparison, what is compared too. */
function limits({ min, max, compare }: Metric): string {
  const parts = [
    compare === undefined ? undefined : `${compare} to stable`,
    min === undefined ? undefined : `min ${min}`,
    max === undefined ? undefined : `max ${max}`,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}
