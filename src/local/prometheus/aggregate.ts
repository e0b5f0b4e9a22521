/** Aggregations over one instant vector. */
import type { Aggregate, AggregateOp } from './ast.ts'
import { metricName } from './matchers.ts'
import { quantileOf } from './quantiles.ts'
import { labelKey, type SeriesLabels } from './store.ts'
import { type Element, keep, without } from './values.ts'

type Group = { readonly labels: SeriesLabels; readonly members: Element[] }

/** @param param of quantile, topk and bottomk; NaN for the others */
export function aggregate(
  { op, without: leavingOut, labels }: Pick<Aggregate, 'op' | 'without' | 'labels'>,
  elements: readonly Element[],
  param: number,
): readonly Element[] {
  const groups = new Map<string, Group>()
  for (const element of elements) {
    const key = leavingOut
      ? without(element.labels, [...labels, metricName])
      : keep(element.labels, labels)
    const text = labelKey(key)
    const group = groups.get(text)
    if (group === undefined) groups.set(text, { labels: key, members: [element] })
    else group.members.push(element)
  }
  return [...groups.values()].flatMap(({ labels: key, members }) => {
    if (op === 'topk' || op === 'bottomk') return extremes(op, members, param)
    const v = reduced(
      op,
      members.map((member) => member.v),
      param,
    )
    return [{ labels: key, v, t: members[0]?.t ?? 0 }]
  })
}

function reduced(
  op: Exclude<AggregateOp, 'topk' | 'bottomk'>,
  values: readonly number[],
  param: number,
): number {
  switch (op) {
    case 'sum':
      return exactSum(values)
    case 'avg':
      return average(values)
    case 'min':
      return values.reduce((least, v) => (v < least || Number.isNaN(least) ? v : least))
    case 'max':
      return values.reduce((most, v) => (v > most || Number.isNaN(most) ? v : most))
    case 'count':
      return values.length
    case 'group':
      return 1
    case 'quantile':
      return quantileOf(param, values)
  }
}

function extremes(op: 'topk' | 'bottomk', members: readonly Element[], k: number) {
  const sign = op === 'topk' ? -1 : 1
  const sorted = members.toSorted((a, b) => {
    // NaN is neither large nor small: it comes last.
    if (Number.isNaN(a.v) || Number.isNaN(b.v))
      return Number(Number.isNaN(a.v)) - Number(Number.isNaN(b.v))
    return sign * (a.v - b.v)
  })
  return sorted.slice(0, Math.max(0, Math.trunc(k)))
}

// Neumaier's sum, as Prometheus has it: small values are not lost beside large ones.
function exactSum(values: readonly number[]): number {
  let [sum, lost] = [0, 0]
  for (const v of values) {
    const next = sum + v
    if (!Number.isFinite(next)) lost = 0
    else lost += Math.abs(sum) >= Math.abs(v) ? sum - next + v : v - next + sum
    sum = next
  }
  return sum + lost
}

function average(values: readonly number[]): number {
  const sum = exactSum(values)
  if (Number.isFinite(sum) || values.some((v) => !Number.isFinite(v))) return sum / values.length
  // The sum overflowed although no value did.
  return values.reduce((mean, v, index) => mean + (v / (index + 1) - mean / (index + 1)), 0)
}
