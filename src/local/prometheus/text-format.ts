/** Reads the text format in which processes show their metrics. */

import { parseNumber } from './literals.ts'
import { metricName } from './matchers.ts'
import type { SeriesLabels } from './store.ts'

/** One line; `series` is its text up to the value, the same at every scrape and so a key. */
export type TextSample = {
  readonly series: string
  readonly value: number
  /** Milliseconds since the epoch, where the process states one. */
  readonly timestamp?: number
}

class TextFormatError extends Error {
  override readonly name = 'TextFormatError'
}

const line =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*\s*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?)\s*(\S+)(?:\s+(-?\d+))?\s*$/

/** @throws TextFormatError naming the line. */
export function parseText(text: string): readonly TextSample[] {
  const samples: TextSample[] = []
  text.split('\n').forEach((raw, index) => {
    const trimmed = raw.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return
    const found = line.exec(trimmed)
    const value = found === null ? undefined : parseNumber(found[2] ?? '')
    if (found === null || value === undefined) {
      throw new TextFormatError(`line ${index + 1} is no sample: ${trimmed.slice(0, 80)}`)
    }
    const stamp = found[3]
    samples.push({
      series: (found[1] ?? '').trim(),
      value,
      ...(stamp === undefined ? {} : { timestamp: Number(stamp) }),
    })
  })
  return samples
}

/** The labels of a sample's `series`, its name as `__name__`. @throws TextFormatError */
export function parseSeries(series: string): SeriesLabels {
  const brace = series.indexOf('{')
  if (brace < 0) return { [metricName]: series }
  const labels: Record<string, string> = { [metricName]: series.slice(0, brace).trim() }
  const inside = series.slice(brace + 1, -1)
  const pair = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y
  while (pair.lastIndex < inside.trimEnd().length) {
    const found = pair.exec(inside)
    if (found === null) throw new TextFormatError(`labels cannot be read: ${series.slice(0, 120)}`)
    labels[found[1] ?? ''] = unescape(found[2] ?? '')
  }
  return labels
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (whole, mark: string) =>
    mark === 'n' ? '\n' : mark === '\\' || mark === '"' ? mark : whole,
  )
}
