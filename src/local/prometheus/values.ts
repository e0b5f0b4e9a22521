/** What expressions evaluate to. Label sets hold `__name__` only where the name is kept. */
import { ExecutionError } from './ast.ts'
import { metricName } from './matchers.ts'
import { labelKey, type Sample, type SeriesLabels } from './store.ts'

/** One element of an instant vector; `t` is the sample's own time, which only timestamp() looks at. */
export type Element = { readonly labels: SeriesLabels; readonly v: number; readonly t: number }

export type RangeElement = { readonly labels: SeriesLabels; readonly samples: readonly Sample[] }

export type Value =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'vector'; readonly elements: readonly Element[] }
  | { readonly kind: 'matrix'; readonly elements: readonly RangeElement[] }

export function withoutName(labels: SeriesLabels): SeriesLabels {
  return without(labels, [metricName])
}

export function without(labels: SeriesLabels, names: readonly string[]): SeriesLabels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)))
}

export function keep(labels: SeriesLabels, names: readonly string[]): SeriesLabels {
  const kept: Record<string, string> = {}
  for (const name of names) {
    const value = labels[name]
    if (value !== undefined && value !== '') kept[name] = value
  }
  return kept
}

/** @throws ExecutionError when two elements have the same labels. */
export function unique(elements: readonly Element[]): readonly Element[] {
  const seen = new Set(elements.map(({ labels }) => labelKey(labels)))
  if (seen.size === elements.length) return elements
  throw new ExecutionError('vector cannot contain metrics with the same labelset')
}

/** `{a="b", c="d"}` as Prometheus prints label sets in errors. */
export function labelText(labels: SeriesLabels): string {
  const parts = Object.entries(labels)
    .filter(([name]) => name !== metricName)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return `${labels[metricName] ?? ''}{${parts.join(', ')}}`
}
