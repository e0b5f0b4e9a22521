/** The query API of Prometheus as a function from a request's parameters to an answer: no sockets here. */
import { ExecutionError, type Expr, ParseError } from './ast.ts'
import { evaluate, evaluateRange } from './evaluate.ts'
import { formatValue, parseDuration, parseNumber, parseTime } from './literals.ts'
import { parseQuery, parseSelector } from './parse.ts'
import type { Sample, SeriesLabels, SeriesSource, StoredSeries } from './store.ts'
import { typeName, typeOf } from './types.ts'
import type { Value } from './values.ts'

export type ApiAnswer = { readonly status: number; readonly body: string }

/** Parameters of a request, from its query and its form body together. */
export type Parameters = URLSearchParams

class BadData extends Error {}

const maxPoints = 11_000

/** Answers `/api/v1/…`; undefined for a path that is not served. `now` in milliseconds. */
export function answerApi(
  source: SeriesSource,
  path: string,
  parameters: Parameters,
  now: number,
): ApiAnswer | undefined {
  const call = callFor(path)
  if (call === undefined) return undefined
  try {
    const data = call(source, parameters, now)
    return { status: 200, body: JSON.stringify({ status: 'success', data }) }
  } catch (error) {
    if (error instanceof BadData) return failure(400, 'bad_data', error.message)
    if (error instanceof ExecutionError) return failure(422, 'execution', error.message)
    const message = error instanceof Error ? error.message : String(error)
    return failure(500, 'internal', message)
  }
}

export function failure(status: number, errorType: string, error: string): ApiAnswer {
  return { status, body: JSON.stringify({ status: 'error', errorType, error }) }
}

type ApiCall = (source: SeriesSource, parameters: Parameters, now: number) => unknown

function callFor(path: string): ApiCall | undefined {
  const values = /^\/api\/v1\/label\/([^/]+)\/values$/.exec(path)
  if (values !== null) return labelValues(safeDecode(values[1] ?? ''))
  switch (path) {
    case '/api/v1/query':
      return query
    case '/api/v1/query_range':
      return queryRange
    case '/api/v1/series':
      return series
    case '/api/v1/labels':
      return labelNames
    default:
      return undefined
  }
}

function query(source: SeriesSource, parameters: Parameters, now: number): unknown {
  const at = timeOf(parameters, 'time') ?? now
  const value = evaluate(exprOf(parameters), source, at)
  return { resultType: value.kind, result: resultOf(value, at) }
}

function queryRange(source: SeriesSource, parameters: Parameters): unknown {
  const start = requiredTime(parameters, 'start')
  const end = requiredTime(parameters, 'end')
  if (end < start) throw invalid('end', 'end timestamp must not be before start time')
  const step = stepOf(parameters)
  if ((end - start) / step > maxPoints) {
    throw new BadData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    )
  }
  const expr = exprOf(parameters)
  const type = typeOf(expr)
  if (type !== 'scalar' && type !== 'vector') {
    throw invalid(
      'query',
      `invalid expression type "${typeName(type)}" for range query, must be Scalar or instant Vector`,
    )
  }
  const result = evaluateRange(expr, source, { start, end, step })
  return {
    resultType: 'matrix',
    result: result.map(({ labels, samples }) => ({ metric: labels, values: samples.map(point) })),
  }
}

function series(source: SeriesSource, parameters: Parameters, now: number): unknown {
  const selectors = parameters.getAll('match[]')
  if (selectors.length === 0) throw new BadData('no match[] parameter provided')
  return matching(source, parameters, now).map(({ labels }) => labels)
}

function labelNames(source: SeriesSource, parameters: Parameters, now: number): unknown {
  const found = matching(source, parameters, now).flatMap(({ labels }) => Object.keys(labels))
  return [...new Set(found)].sort()
}

function labelValues(name: string): ApiCall {
  return (source, parameters, now) => {
    const found = matching(source, parameters, now).flatMap(({ labels }) => labels[name] ?? [])
    return [...new Set(found)].sort()
  }
}

function matching(
  source: SeriesSource,
  parameters: Parameters,
  now: number,
): readonly StoredSeries[] {
  const start = timeOf(parameters, 'start') ?? -Infinity
  const end = timeOf(parameters, 'end') ?? now
  const given = parameters.getAll('match[]')
  const selected =
    given.length === 0
      ? source.select([])
      : given.flatMap((text) =>
          source.select(readable('match[]', () => parseSelector(text)).matchers),
        )
  return [...new Set(selected)].filter(({ range }) => range(start - 1, end).length > 0)
}

function resultOf(value: Value, at: number): unknown {
  switch (value.kind) {
    case 'scalar':
      return point({ t: at, v: value.value })
    case 'string':
      return [at / 1000, value.value]
    case 'vector':
      return value.elements.map(({ labels, v }) => ({ metric: labels, value: point({ t: at, v }) }))
    case 'matrix':
      return value.elements.map(({ labels, samples }) => ({
        metric: labels as SeriesLabels,
        values: samples.map(point),
      }))
  }
}

function point({ t, v }: Sample): readonly [number, string] {
  return [t / 1000, formatValue(v)]
}

function exprOf(parameters: Parameters): Expr {
  return readable('query', () => parseQuery(parameters.get('query') ?? ''))
}

function readable<T>(parameter: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ParseError) throw invalid(parameter, error.message)
    throw error
  }
}

function stepOf(parameters: Parameters): number {
  const text = parameters.get('step') ?? ''
  const ms = parseDuration(text) ?? (parseNumber(text) ?? Number.NaN) * 1000
  if (Number.isNaN(ms)) throw invalid('step', `cannot parse "${text}" to a valid duration`)
  if (ms <= 0) {
    throw invalid(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    )
  }
  return Math.max(1, Math.round(ms))
}

function requiredTime(parameters: Parameters, name: string): number {
  const at = timeOf(parameters, name)
  if (at === undefined) throw invalid(name, 'cannot parse "" to a valid timestamp')
  return at
}

function timeOf(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === null || text === '') return undefined
  const at = parseTime(text)
  if (at === undefined) throw invalid(name, `cannot parse "${text}" to a valid timestamp`)
  return at
}

function invalid(parameter: string, message: string): BadData {
  return new BadData(`invalid parameter "${parameter}": ${message}`)
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
