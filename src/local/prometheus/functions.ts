/** The functions of PromQL that are evaluated here, by name. */
import type { Expr } from './ast.ts'
import { parseNumber } from './literals.ts'
import { metricName } from './matchers.ts'
import { type Bucket, bucketQuantile } from './quantiles.ts'
import { extrapolated, instantRate, type RangeWindow } from './rates.ts'
import { labelKey, type SeriesLabels } from './store.ts'
import { type Element, type RangeElement, type Value, without, withoutName } from './values.ts'

/** `at` is the instant of evaluation in milliseconds. */
export type CallContext = { readonly at: number; readonly args: readonly Expr[] }

type PromFunction = (values: readonly Value[], context: CallContext) => Value

const clamp = each((v, [least = Number.NaN, most = Number.NaN]) => larger(least, smaller(most, v)))

export const functions: Readonly<Record<string, PromFunction>> = {
  rate: overRange((window) => extrapolated(window, { counter: true, perSecond: true })),
  increase: overRange((window) => extrapolated(window, { counter: true, perSecond: false })),
  delta: overRange((window) => extrapolated(window, { counter: false, perSecond: false })),
  irate: overRange(instantRate),
  abs: each(Math.abs),
  ceil: each(Math.ceil),
  floor: each(Math.floor),
  round: each((v, [nearest = 1]) => Math.floor(v * (1 / nearest) + 0.5) / (1 / nearest)),
  clamp: (values, context) => {
    const [, least, most] = values
    const isEmpty = scalarOf(least) > scalarOf(most)
    return isEmpty ? vector([]) : clamp(values, context)
  },
  clamp_min: each((v, [least = Number.NaN]) => larger(least, v)),
  clamp_max: each((v, [most = Number.NaN]) => smaller(most, v)),
  absent: ([value], { args, at }) =>
    elementsOf(value).length > 0 ? vector([]) : vector([{ labels: told(args[0]), v: 1, t: at }]),
  vector: ([value], { at }) => vector([{ labels: {}, v: scalarOf(value), t: at }]),
  scalar: ([value]) => {
    const [first, ...others] = elementsOf(value)
    const single = first !== undefined && others.length === 0
    return { kind: 'scalar', value: single ? first.v : Number.NaN }
  },
  time: (_, { at }) => ({ kind: 'scalar', value: at / 1000 }),
  timestamp: ([value], { at, args }) =>
    vector(
      elementsOf(value).map(({ labels, t }) => ({
        labels: withoutName(labels),
        // Whatever was computed is of now; only what was selected has a time of its own.
        v: (args[0]?.kind === 'selector' ? t : at) / 1000,
        t: at,
      })),
    ),
  histogram_quantile: ([q, value], { at }) => histogramQuantile(scalarOf(q), elementsOf(value), at),
}

// In Go the infinite is the larger one, and its negative the smaller, even beside what is no number.
function larger(one: number, other: number): number {
  return one === Infinity || other === Infinity ? Infinity : Math.max(one, other)
}

function smaller(one: number, other: number): number {
  return one === -Infinity || other === -Infinity ? -Infinity : Math.min(one, other)
}

function overRange(compute: (window: RangeWindow) => number | undefined): PromFunction {
  return ([value], { at, args }) => {
    const selector = args[0]
    if (value?.kind !== 'matrix' || selector?.kind !== 'selector') return vector([])
    const end = at - selector.offsetMs
    const start = end - (selector.rangeMs ?? 0)
    return vector(
      value.elements.flatMap(({ labels, samples }: RangeElement): Element[] => {
        const v = compute({ samples, start, end })
        return v === undefined ? [] : [{ labels: withoutName(labels), v, t: at }]
      }),
    )
  }
}

function each(compute: (v: number, scalars: readonly number[]) => number): PromFunction {
  return ([value, ...rest], { at }) => {
    const scalars = rest.map(scalarOf)
    return vector(
      elementsOf(value).map(({ labels, v }) => ({
        labels: withoutName(labels),
        v: compute(v, scalars),
        t: at,
      })),
    )
  }
}

function histogramQuantile(q: number, elements: readonly Element[], at: number): Value {
  const groups = new Map<string, { readonly labels: SeriesLabels; readonly buckets: Bucket[] }>()
  for (const { labels, v } of elements) {
    const upper = labels['le'] === undefined ? undefined : parseNumber(labels['le'])
    // Not a bucket of a classic histogram.
    if (upper === undefined || Number.isNaN(upper)) continue
    const key = without(labels, ['le', metricName])
    const text = labelKey(key)
    const group = groups.get(text) ?? { labels: key, buckets: [] }
    groups.set(text, group)
    group.buckets.push({ upper, count: v })
  }
  return vector(
    [...groups.values()].map(({ labels, buckets }) => ({
      labels,
      v: bucketQuantile(q, buckets),
      t: at,
    })),
  )
}

// The labels that the absent series would surely have: those matched by equality, and only once.
function told(expr: Expr | undefined): SeriesLabels {
  if (expr?.kind !== 'selector') return {}
  const labels: Record<string, string> = {}
  const several = new Set<string>()
  for (const { name, op, value } of expr.matchers) {
    if (name === metricName) continue
    if (op === '=' && labels[name] === undefined) labels[name] = value
    else several.add(name)
  }
  return without(labels, [...several])
}

function scalarOf(value: Value | undefined): number {
  return value?.kind === 'scalar' ? value.value : Number.NaN
}

function elementsOf(value: Value | undefined): readonly Element[] {
  return value?.kind === 'vector' ? value.elements : []
}

function vector(elements: readonly Element[]): Value {
  return { kind: 'vector', elements }
}
