/** What a metric said over time: read from a recorded history, or drawn from a few words. */
import { fnv1a } from '#core/hash.ts'
import { parseDuration, parseInstant } from '#core/time.ts'
import { UsageError } from '#releases/errors.ts'

/** `none`: there is no data. `error`: the provider fails. */
export type Said = number | 'none' | 'error'

/** What is said so many milliseconds after the beginning; `draw` tells runs with different seeds apart. */
export type Series = (afterMs: number, draw: string) => Said

/** As Prometheus does: what is older says nothing any more. */
const staleMs = 300_000

type Point = { readonly at: number; readonly value: number }

/**
 * A history: the answer of a range query of Prometheus, or lines of `TIME,VALUE` with RFC 3339 instants, Unix seconds, or
 * seconds from the beginning. The first point is the beginning. @throws UsageError that names the line.
 */
export function recorded(where: string, content: string): Series {
  const points = (
    content.trimStart().startsWith('{') ? fromPrometheus(where, content) : fromLines(where, content)
  ).toSorted((one, other) => one.at - other.at)
  const [first] = points
  if (first === undefined) throw new UsageError(`${where} holds no points`)
  return (afterMs) => {
    const at = first.at + afterMs
    const last = points.findLast((point) => point.at <= at)
    return last === undefined || at - last.at > staleMs || Number.isNaN(last.value)
      ? 'none'
      : last.value
  }
}

function fromPrometheus(where: string, content: string): readonly Point[] {
  const series = resultOf(where, content)
  if (series.length !== 1)
    throw new UsageError(
      `${where} holds ${series.length} series; a metric is one: aggregate the query`,
    )
  return (series[0]?.values ?? []).map(([seconds, value]) => ({
    at: seconds * 1000,
    value: Number(value),
  }))
}

type Matrix = readonly { readonly values?: readonly (readonly [number, string])[] }[]

function resultOf(where: string, content: string): Matrix {
  try {
    const { data } = JSON.parse(content) as { data?: { result?: Matrix } }
    if (Array.isArray(data?.result)) return data.result
  } catch {
    // Told below.
  }
  throw new UsageError(`${where} is no answer of query_range; it has no data.result`)
}

function fromLines(where: string, content: string): readonly Point[] {
  const lines = content.split('\n').map((line) => line.trim())
  return lines.flatMap((line, index): readonly Point[] => {
    if (line === '' || line.startsWith('#')) return []
    const [time = '', value = ''] = line.split(/[,;\t]\s*/)
    const at = parseInstant(time) ?? (time === '' ? Number.NaN : Number(time) * 1000)
    if (Number.isNaN(at)) {
      // A line of headings.
      if (index === 0) return []
      throw new UsageError(`${where} line ${index + 1}: ${line} is no TIME,VALUE`)
    }
    return [{ at, value: value === '' ? Number.NaN : Number(value) }]
  })
}

type Stretch = { readonly fromMs: number; readonly what: Said; readonly noise: number }

/**
 * `0.4`, `0.4~0.1` (with noise of that standard deviation), `0.4~0.1,9@5m,none@10m,error@12m`: what is said from the
 * beginning, and what from later instants on. @throws UsageError that shows how it is written.
 */
export function drawn(text: string): Series {
  const stretches = text.split(',').map((part, index) => stretchIn(part.trim(), index, text))
  return (afterMs, draw) => {
    const now = stretches.findLast(({ fromMs }) => fromMs <= afterMs) ?? stretches[0]
    if (now === undefined) return 'none'
    if (typeof now.what !== 'number' || now.noise === 0) return now.what
    return now.what + now.noise * normal(`${draw} ${afterMs}`)
  }
}

function stretchIn(part: string, index: number, text: string): Stretch {
  const [, word = '', noise = '0', from] = /^([^~@]+)(?:~([\d.]+))?(?:@(\w+))?$/.exec(part) ?? []
  const fromMs = from === undefined ? (index === 0 ? 0 : undefined) : parseDuration(from)
  const what = word === 'none' || word === 'error' ? word : Number(word || 'x')
  if (fromMs === undefined || Number.isNaN(what) || Number.isNaN(Number(noise)))
    throw new UsageError(`${text} is no shape; write one like 0.4~0.1,9@5m,none@10m`)
  return { fromMs, what, noise: Number(noise) }
}

/** A standard normal number that belongs to this text. */
function normal(text: string): number {
  const [one, other] = [uniform(`${text} a`), uniform(`${text} b`)]
  return Math.sqrt(-2 * Math.log(1 - one)) * Math.cos(2 * Math.PI * other)
}

/** In [0, 1); mixed once more, since a hash of similar texts is similar (mulberry32). */
function uniform(text: string): number {
  let state = (Number.parseInt(fnv1a(text).slice(0, 8), 16) + 0x6d_2b_79_f5) | 0
  state = Math.imul(state ^ (state >>> 15), state | 1)
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61)
  return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32
}
