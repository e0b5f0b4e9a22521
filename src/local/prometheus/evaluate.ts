/** Evaluates an expression at an instant over a source of series. Pure: no clock, nothing is written. */

import { aggregate } from './aggregate.ts'
import type { Expr, Selector } from './ast.ts'
import { ExecutionError } from './ast.ts'
import { binary } from './binary.ts'
import { functions } from './functions.ts'
import type { Sample, SeriesLabels, SeriesSource, StoredSeries } from './store.ts'
import { labelKey } from './store.ts'
import { type Element, unique, type Value, withoutName } from './values.ts'

/** How far back an instant selector looks for a sample, milliseconds; Prometheus' default. */
const lookbackMs = 300_000

export type RangeSeries = { readonly labels: SeriesLabels; readonly samples: readonly Sample[] }

/** @throws ExecutionError */
export function evaluate(expr: Expr, source: SeriesSource, at: number): Value {
  return evaluator(source)(expr, at)
}

/**
 * One series for each label set that any step had; `start`, `end` and `step` in milliseconds.
 * @throws ExecutionError
 */
export function evaluateRange(
  expr: Expr,
  source: SeriesSource,
  { start, end, step }: { readonly start: number; readonly end: number; readonly step: number },
): readonly RangeSeries[] {
  const evaluateAt = evaluator(source)
  const series = new Map<string, { readonly labels: SeriesLabels; readonly samples: Sample[] }>()
  for (let at = start; at <= end; at += step) {
    const value = evaluateAt(expr, at)
    for (const { labels, v } of pointsOf(value, at)) {
      const key = labelKey(labels)
      const held = series.get(key) ?? { labels, samples: [] }
      series.set(key, held)
      held.samples.push({ t: at, v })
    }
  }
  return [...series.values()]
}

function pointsOf(value: Value, at: number): readonly Element[] {
  if (value.kind === 'scalar') return [{ labels: {}, v: value.value, t: at }]
  if (value.kind === 'vector') return value.elements
  throw new ExecutionError('only scalars and instant vectors have a value at each step')
}

function evaluator(source: SeriesSource): (expr: Expr, at: number) => Value {
  // A selector's series are looked up once, however many steps there are.
  const selected = new Map<Selector, readonly StoredSeries[]>()
  const seriesOf = (selector: Selector): readonly StoredSeries[] => {
    const found = selected.get(selector) ?? source.select(selector.matchers)
    selected.set(selector, found)
    return found
  }

  const run = (expr: Expr, at: number): Value => {
    switch (expr.kind) {
      case 'number':
        return { kind: 'scalar', value: expr.value }
      case 'string':
        return { kind: 'string', value: expr.value }
      case 'selector':
        return select(expr, seriesOf(expr), at)
      case 'negate':
        return negate(run(expr.of, at))
      case 'binary':
        return binary(expr, run(expr.left, at), run(expr.right, at))
      case 'aggregate': {
        const of = run(expr.of, at)
        const param = expr.param === undefined ? undefined : run(expr.param, at)
        const elements = aggregate(
          expr,
          of.kind === 'vector' ? of.elements : [],
          param?.kind === 'scalar' ? param.value : Number.NaN,
        )
        return { kind: 'vector', elements }
      }
      case 'call': {
        const call = functions[expr.name]
        if (call === undefined) throw new ExecutionError(`unknown function "${expr.name}"`)
        const values = expr.args.map((arg) => run(arg, at))
        const value = call(values, { at, args: expr.args })
        return value.kind === 'vector' ? { ...value, elements: unique(value.elements) } : value
      }
    }
  }
  return run
}

function select(selector: Selector, series: readonly StoredSeries[], at: number): Value {
  const end = at - selector.offsetMs
  const { rangeMs } = selector
  if (rangeMs !== undefined) {
    const elements = series
      .map(({ labels, range }) => ({ labels, samples: range(end - rangeMs, end) }))
      .filter(({ samples }) => samples.length > 0)
    return { kind: 'matrix', elements }
  }
  const elements = series.flatMap(({ labels, latest }): Element[] => {
    const sample = latest(end, lookbackMs)
    return sample === undefined ? [] : [{ labels, ...sample }]
  })
  return { kind: 'vector', elements }
}

function negate(value: Value): Value {
  if (value.kind === 'scalar') return { kind: 'scalar', value: -value.value }
  if (value.kind !== 'vector') return value
  const elements = value.elements.map(({ labels, v, t }) => ({
    labels: withoutName(labels),
    v: -v,
    t,
  }))
  return { kind: 'vector', elements: unique(elements) }
}
