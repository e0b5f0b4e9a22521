/** `analysis` of canary, blue-green and simple: the built-in queries of KULTA, their thresholds and policies. */
import type { Notes } from '#core/api/notes.ts'
import { metricProviders } from '#core/metrics/register.ts'
import type { Analysis, Metric, MetricProviderRef, Policy } from '#core/model/analysis.ts'
import { noted } from './noted.ts'
import type { FailurePolicy, RolloutAnalysis, RolloutMetric } from './rollout.ts'

/** Stands where nobody said whom to ask: such a question is never sent, and its failure says why. */
export const noProvider = 'http://no-prometheus-address.invalid'

const own = 'rollout="{{rollout}}",revision="{{role}}",namespace="{{namespace}}"'
const requests = 'http_requests_total'
const latencies = 'http_request_duration_seconds_bucket'

/** A dead scrape must not look like a calm candidate. */
const whileFresh = (value: string, series: string): string =>
  `(${value}) and on() (time() - max(timestamp(${series}{${own}})) < {{fresh}})`

const quantile = (share: number): string =>
  whileFresh(
    `1000 * histogram_quantile(${share}, sum by (le) (rate(${latencies}{${own}}[{{window}}])))`,
    latencies,
  )

/** Per cent of requests, and milliseconds. */
const builtIn: Readonly<Record<string, string>> = {
  'error-rate': whileFresh(
    `(sum(rate(${requests}{status=~"5..",${own}}[{{window}}])) or vector(0)) / sum(rate(${requests}{${own}}[{{window}}])) * 100`,
    requests,
  ),
  'latency-p50': quantile(0.5),
  'latency-p90': quantile(0.9),
  'latency-p95': quantile(0.95),
  'latency-p99': quantile(0.99),
}

const countQuery = `sum(increase(${requests}{${own}}[{{window}}]))`

const windowMs = 120_000
export const intervalMs = 30_000

const policies: Readonly<Record<FailurePolicy, Policy>> = {
  Pause: 'hold',
  Continue: 'continue',
  Rollback: 'rollback',
}

export type Asking = {
  /** Where it stands, such as `spec.strategy.canary.analysis`. */
  readonly path: string
  /** Whom to ask where the Rollout does not say. */
  readonly address: string | undefined
  /** A preview has no traffic of its own yet: that alone holds nothing. */
  readonly mayBeIdle: boolean
}

/** Undefined where there is nothing to measure: an empty list is healthy. */
export function readAnalysis(
  given: RolloutAnalysis | undefined,
  { path, address, mayBeIdle }: Asking,
  notes: Notes,
): Analysis | undefined {
  if (given === undefined) return undefined
  const warmupMs = noted(notes, `${path}.warmupDuration`, given.warmupDuration) ?? 0
  const policy = policies[given.failurePolicy ?? 'Pause']
  const metrics = (given.metrics ?? []).map((metric, index) =>
    metricOf(metric, { path: `${path}.metrics[${index}]`, policy, mayBeIdle }, notes),
  )
  if (new Set(metrics.map(({ name }) => name)).size < metrics.length)
    notes.add(`${path}.metrics`, 'names must differ')
  if (metrics.length === 0) return undefined
  return {
    provider: providerOf(given.prometheus?.address ?? address, `${path}.prometheus.address`, notes),
    warmupMs,
    warmupFrom: 'step',
    metrics,
  }
}

export function providerOf(
  given: string | undefined,
  path: string,
  notes: Notes,
): MetricProviderRef {
  const written = given?.trim() ?? ''
  const address =
    written === '' ? noProvider : /^\w+:\/\//.test(written) ? written : `http://${written}`
  if (!/^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/.test(address))
    notes.add(
      path,
      `${JSON.stringify(written.slice(0, 100))} is no http or https address; write one like http://prometheus:9090`,
    )
  return {
    kind: 'prometheus',
    address: address.replace(/\/+$/, ''),
    headers: {},
    secret: undefined,
    caBundle: undefined,
  }
}

function metricOf(
  given: RolloutMetric,
  at: { readonly path: string; readonly policy: Policy; readonly mayBeIdle: boolean },
  notes: Notes,
): Metric {
  const { path, policy, mayBeIdle } = at
  const text = given.query ?? (Object.hasOwn(builtIn, given.name) ? builtIn[given.name] : undefined)
  if (text === undefined)
    notes.add(
      `${path}.name`,
      `${given.name} is no built-in metric; write ${Object.keys(builtIn).join(', ')}, or a query`,
    )
  const metric: Metric = {
    name: given.name,
    query: { kind: 'text', text: text ?? 'vector(0)', count: countQuery, arguments: {} },
    range: undefined,
    compare: undefined,
    max: given.threshold,
    min: undefined,
    intervalMs: Math.max(1000, noted(notes, `${path}.interval`, given.interval) ?? intervalMs),
    windowMs,
    failures: given.failureThreshold ?? 1,
    count: 1,
    minSamples: given.minSampleSize ?? 0,
    onNoData: mayBeIdle || policy === 'continue' ? 'continue' : 'hold',
    onError: policy,
    consecutiveErrors: undefined,
  }
  if (!Number.isFinite(given.threshold)) notes.add(`${path}.threshold`, 'must be a number')
  const problem = metricProviders.prometheus.problem(metric)
  if (problem !== undefined) notes.add(path, problem)
  return metric
}
