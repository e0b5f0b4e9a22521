/** Series for questions: counters that begin anew, gauges with gaps, histograms; the same for both sides. */
import type { Dice } from '../../sim/random.ts'

export type MadeSeries = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** `t` in milliseconds since the epoch. */
  readonly samples: readonly { readonly t: number; readonly v: number }[]
}

const everyMs = 5000
const count = 200
const bounds = ['0.1', '0.5', '1', '+Inf']

/** @param start of the first sample, in milliseconds */
export function madeSeries(dice: Dice, start: number): readonly MadeSeries[] {
  const times = Array.from({ length: count }, (_, index) => start + index * everyMs)
  const series: MadeSeries[] = []
  for (const [pod, role] of [
    ['a', 'stable'],
    ['b', 'stable'],
    ['c', 'canary'],
  ] as const) {
    const own = { pod, role }
    for (const status of ['200', '404', '500']) {
      const samples = counter(dice, times, status === '200' ? 9 : 2)
      series.push({ name: 'http_requests_total', labels: { ...own, status }, samples })
    }
    const parts = bounds.map(() => counter(dice, times, 3, 0))
    for (const [index, le] of bounds.entries()) {
      const samples = times.map((t, at) => ({
        t,
        v: parts.slice(0, index + 1).reduce((sum, part) => sum + (part[at]?.v ?? 0), 0),
      }))
      series.push({ name: 'latency_bucket', labels: { ...own, le }, samples })
    }
    series.push({ name: 'temperature', labels: own, samples: gauge(dice, times) })
  }
  series.push({ name: 'limit', labels: { role: 'stable' }, samples: gauge(dice, times) })
  series.push({ name: 'limit', labels: { role: 'canary' }, samples: gauge(dice, times) })
  return series
}

function counter(dice: Dice, times: readonly number[], most: number, resets = 0.01) {
  let v = 0
  return times.map((t) => {
    v = dice.chance(resets) ? 0 : v + Math.floor(dice.next() * most)
    return { t, v }
  })
}

/** Some samples are missing, a few are no number. */
function gauge(dice: Dice, times: readonly number[]) {
  return times
    .filter(() => !dice.chance(0.1))
    .map((t) => ({ t, v: dice.chance(0.01) ? Number.NaN : (dice.next() - 0.4) * 100 }))
}

/** As `promtool tsdb create-blocks-from openmetrics` reads it. */
export function openMetrics(series: readonly MadeSeries[]): string {
  const lines = series.flatMap(({ name, labels, samples }) => {
    const set = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
    return samples.map(({ t, v }) => `${name}{${set.join(',')}} ${v} ${t / 1000}`)
  })
  // Those of one name have to stand together.
  return `${lines.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other))).join('\n')}\n# EOF\n`
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf('{'))
}
