/** Prometheus' instant queries: built-in templates and arguments that cannot inject, and a reader that trusts nothing. */
import type { Labels } from '../k8s/meta.ts'
import type { Metric } from '../model/app.ts'
import type { HttpAnswer, MetricProvider, Question, Reading } from './provider.ts'

/**
 * Built-in queries. `{{labels}}` becomes the matchers of the revision on trial, `{{window}}` the clipped look-back.
 * error-rate and success-rate are per cent of requests, latencies are milliseconds.
 */
export const templates: Readonly<Record<string, string>> = {
  'error-rate':
    '100 * (sum(rate(http_requests_total{ {{labels}}, status=~"5.." }[{{window}}])) or vector(0)) / sum(rate(http_requests_total{ {{labels}} }[{{window}}]))',
  'success-rate':
    '100 * (sum(rate(http_requests_total{ {{labels}}, status!~"5.." }[{{window}}])) or vector(0)) / sum(rate(http_requests_total{ {{labels}} }[{{window}}]))',
  'latency-p50': latency(0.5),
  'latency-p95': latency(0.95),
  'latency-p99': latency(0.99),
}

function latency(quantile: number): string {
  return `1000 * histogram_quantile(${quantile}, sum by (le) (rate(http_request_duration_seconds_bucket{ {{labels}} }[{{window}}])))`
}

const timeoutMs = 10_000
const maxBytes = 1024 * 1024

export const prometheus: MetricProvider = { ask, read, problem }

function ask(address: string, question: Question): ReturnType<MetricProvider['ask']> {
  const query = fill(queryOf(question.metric) ?? '', question)
  const parameters = `query=${encodeURIComponent(query.toWellFormed())}&time=${(question.at / 1000).toFixed(3)}`
  return {
    method: 'GET',
    url: `${address.replace(/\/+$/, '')}/api/v1/query?${parameters}`,
    headers: { accept: 'application/json' },
    body: undefined,
    timeoutMs,
    maxBytes,
  }
}

function queryOf({ query }: Metric): string | undefined {
  if (query.kind === 'text') return query.text
  return Object.hasOwn(templates, query.template) ? templates[query.template] : undefined
}

function fill(text: string, { labels, windowMs }: Question): string {
  const matchers = Object.entries(labels)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join(', ')
  const parts: Readonly<Record<string, string>> = {
    labels: matchers,
    window: `${Math.max(1, Math.round(windowMs / 1000))}s`,
    ...mapValues(labels, (value) => quote(value).slice(1, -1)),
  }
  return text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) =>
    Object.hasOwn(parts, name) ? (parts[name] as string) : whole,
  )
}

function mapValues(labels: Labels, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, change(value)]))
}

// PromQL string literals follow Go's escapes; JSON's are a subset of those. An author may have put a name between other
// quotes than these, so the other two are spelt by number: that is one character in '' and "", and plain text in ``.
function quote(value: string): string {
  return JSON.stringify(value).replaceAll("'", '\\x27').replaceAll('`', '\\x60')
}

function problem(metric: Metric): string | undefined {
  const text = queryOf(metric)
  if (text === undefined) {
    const known = Object.keys(templates).join(', ')
    return `metric ${metric.name} names an unknown template; known ones are ${known}`
  }
  const known = ['labels', 'window', 'namespace', 'rollout', 'revision']
  for (const [, name] of text.matchAll(/\{\{(\w+)\}\}/g)) {
    if (!known.includes(name as string)) {
      return `metric ${metric.name} uses the unknown argument {{${name}}}; known ones are ${known.join(', ')}`
    }
  }
  return undefined
}

function read(answer: HttpAnswer): Reading {
  if (answer.kind === 'failed') return { kind: 'error', message: answer.message }
  const body = parse(answer.body)
  if (body === undefined || body['status'] !== 'success') {
    const type = errorTypes.find((known) => known === body?.['errorType'])
    const why = type === undefined ? '' : ` (${type})`
    return { kind: 'error', message: `Prometheus answered ${answer.status}${why}` }
  }
  if (answer.status !== 200)
    return { kind: 'error', message: `Prometheus answered ${answer.status}` }
  return readData(record(body['data']))
}

/** Prometheus' own. Others are not repeated: whoever answers might be somebody else, and say something confidential. */
const errorTypes = [
  'timeout',
  'canceled',
  'execution',
  'bad_data',
  'internal',
  'unavailable',
  'not_found',
  'not_acceptable',
] as const

function readData(data: Readonly<Record<string, unknown>> | undefined): Reading {
  if (data?.['resultType'] === 'scalar') return readValue(data['result'])
  if (data?.['resultType'] !== 'vector' || !Array.isArray(data['result'])) {
    return { kind: 'error', message: 'Prometheus did not answer with a vector or a scalar' }
  }
  const series: readonly unknown[] = data['result']
  if (series.length === 0) return { kind: 'noData', message: 'the query matched no series' }
  if (series.length > 1) {
    const message = `the query matched ${series.length} series; aggregate them to one, for example with sum()`
    return { kind: 'error', message }
  }
  return readValue(record(series[0])?.['value'])
}

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/

function readValue(pair: unknown): Reading {
  const text: unknown = Array.isArray(pair) ? pair[1] : undefined
  if (typeof text !== 'string')
    return { kind: 'error', message: 'Prometheus answered without a value' }
  if (text === 'NaN')
    return { kind: 'noData', message: 'the value is not a number (NaN): nothing to divide by' }
  const value = decimal.test(text) ? Number(text) : Infinity
  if (!Number.isFinite(value)) {
    return { kind: 'error', message: 'the value is not a finite number' }
  }
  return { kind: 'value', value }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return record(JSON.parse(text))
  } catch {
    return undefined
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}
