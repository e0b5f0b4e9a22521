/** What Prometheus answered, as one number or the reason why there is none. Trusts nothing, and repeats no part of a body. */
import type { HttpAnswer } from '../http-ask.ts'
import type { MetricRange, Reducer } from '../model/analysis.ts'
import { formatDuration, type Instant } from '../time.ts'
import type { Asked, Reading } from './provider.ts'

/** An answer for another instant than the one asked for, by more than this, is a stale one: some cache made it. */
const staleMs = 10_000

export function readPrometheus(answer: HttpAnswer, { metric, part, at }: Asked): Reading {
  if (answer.kind === 'failed') return failed(answer.message)
  const body = parse(answer.body)
  if (body === undefined || body['status'] !== 'success') {
    const type = errorTypes.find((known) => known === body?.['errorType'])
    return failed(`Prometheus answered ${answer.status}${type === undefined ? '' : ` (${type})`}`)
  }
  if (answer.status !== 200) return failed(`Prometheus answered ${answer.status}`)
  const range = part === 'value' ? metric.range : undefined
  const data = record(body['data'])
  if (metric.counts === 'series' && part === 'value') return readNumber(data)
  return range === undefined ? readInstant(data, at) : readRange(data, at, range)
}

function failed(message: string): Reading {
  return { kind: 'error', message }
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

type Data = Readonly<Record<string, unknown>> | undefined

/** How many series the answer has: no series is no missing answer then, but a number. */
function readNumber(data: Data): Reading {
  const [type, result] = [data?.['resultType'], data?.['result']]
  if ((type !== 'vector' && type !== 'matrix') || !Array.isArray(result))
    return failed('Prometheus did not answer with series')
  return { kind: 'value', value: result.length }
}

function readInstant(data: Data, at: Instant): Reading {
  const result = data?.['result']
  if (data?.['resultType'] === 'scalar') return readPoint(result, at)
  if (data?.['resultType'] !== 'vector' || !Array.isArray(result))
    return failed('Prometheus did not answer with a vector or a scalar')
  const only = onlySeries(result)
  return 'kind' in only ? only : readPoint(only.series?.['value'], at)
}

function readRange(data: Data, at: Instant, range: MetricRange): Reading {
  const result = data?.['result']
  if (data?.['resultType'] !== 'matrix' || !Array.isArray(result))
    return failed('Prometheus did not answer with a matrix')
  const only = onlySeries(result)
  if ('kind' in only) return only
  const points: unknown = only.series?.['values']
  if (!Array.isArray(points) || points.length === 0)
    return failed('Prometheus answered without a value')
  return reduced(points, at, range)
}

function reduced(points: readonly unknown[], at: Instant, range: MetricRange): Reading {
  // The last point may fall up to one step before the end; what is missing beyond that has ended.
  const readings = points.map((point, index) =>
    readPoint(point, at, index === points.length - 1 ? 2 * range.stepMs : Infinity),
  )
  const broken = readings.find(({ kind }) => kind === 'error')
  if (broken !== undefined) return broken
  const last = readings.at(-1)
  if (last?.kind === 'noData' && (range.reduce === 'last' || isStale(last))) return last
  const values = readings.flatMap((reading) => (reading.kind === 'value' ? [reading.value] : []))
  if (values.length === 0) return last ?? failed('Prometheus answered without a value')
  const value = reducers[range.reduce](values)
  return Number.isFinite(value)
    ? { kind: 'value', value }
    : failed('the value is not a finite number')
}

const reducers: Readonly<Record<Reducer, (values: readonly number[]) => number>> = {
  last: (values) => values.at(-1) ?? Number.NaN,
  mean: (values) => sum(values) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  sum,
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

type Only = { readonly series: Data } | Extract<Reading, { kind: 'noData' | 'error' }>

function onlySeries(result: readonly unknown[]): Only {
  if (result.length === 0) return { kind: 'noData', message: 'the query matched no series' }
  if (result.length === 1) return { series: record(result[0]) }
  const message = `the query matched ${result.length} series; aggregate them to one, for example with sum()`
  return { kind: 'error', message }
}

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/

function readPoint(pair: unknown, at: Instant, toleranceMs = staleMs): Reading {
  const [time, text]: readonly unknown[] = Array.isArray(pair) ? pair : []
  if (typeof text !== 'string') return failed('Prometheus answered without a value')
  if (typeof time !== 'number' || !Number.isFinite(time))
    return failed('Prometheus answered without a time')
  const ageMs = Math.abs(at - time * 1000)
  if (ageMs > toleranceMs) return { kind: 'noData', message: `${stale}${formatDuration(ageMs)}` }
  if (text === 'NaN')
    return { kind: 'noData', message: 'the value is not a number (NaN): nothing to divide by' }
  const value = decimal.test(text) ? Number(text) : Infinity
  return Number.isFinite(value)
    ? { kind: 'value', value }
    : failed('the value is not a finite number')
}

const stale = 'the sample is stale: it is off the time asked for by '

function isStale(reading: Extract<Reading, { kind: 'noData' }>): boolean {
  return reading.message.startsWith(stale)
}

function parse(text: string): Data {
  try {
    return record(JSON.parse(text))
  } catch {
    return undefined
  }
}

function record(value: unknown): Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}
