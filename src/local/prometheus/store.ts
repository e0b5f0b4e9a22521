/**
 * Series in memory: a ring of samples each, bounded by time. Stale markers end a series without deleting what it was.
 */
import type { Matcher } from './ast.ts'
import { matchesAll, metricName } from './matchers.ts'

export type SeriesLabels = Readonly<Record<string, string>>

/** `t` in milliseconds since the epoch. */
export type Sample = { readonly t: number; readonly v: number }

/** What the evaluator sees of one series. `labels` hold `__name__` as well. */
export type StoredSeries = {
  readonly labels: SeriesLabels
  /** The newest sample in (at - lookback, at], unless the series has ended since. */
  readonly latest: (at: number, lookbackMs: number) => Sample | undefined
  /** The samples in (from, to], stale markers left out. */
  readonly range: (from: number, to: number) => readonly Sample[]
}

export type SeriesSource = {
  readonly select: (matchers: readonly Matcher[]) => readonly StoredSeries[]
}

export type Appendable = StoredSeries & {
  /** Samples must come in the order of time; others are left out. */
  readonly append: (t: number, v: number) => void
  readonly markStale: (t: number) => void
}

export type Store = SeriesSource & {
  /** The series with these labels, made when it is new. */
  readonly series: (labels: SeriesLabels) => Appendable
  /** Forgets what is older than the retention. */
  readonly expire: (now: number) => void
  readonly size: () => number
}

export function seriesStore(retentionMs: number): Store {
  const all = new Map<string, Ring>()
  const byName = new Map<string, Set<Ring>>()
  const attach = (ring: Ring): void => {
    const name = ring.labels[metricName] ?? ''
    all.set(labelKey(ring.labels), ring)
    byName.set(name, (byName.get(name) ?? new Set()).add(ring))
    ring.forgotten = false
  }
  return {
    series: (labels) => {
      const key = labelKey(labels)
      const known = all.get(key)
      if (known !== undefined) return known
      const made = new Ring(labels, retentionMs, attach)
      attach(made)
      return made
    },
    select: (matchers) => {
      const named = matchers.find(({ name, op }) => name === metricName && op === '=')
      const candidates = named === undefined ? all.values() : (byName.get(named.value) ?? [])
      return [...candidates].filter(({ labels }) => matchesAll(matchers, labels))
    },
    expire: (now) => {
      for (const [key, ring] of all) {
        // One without samples was made a moment ago.
        if (ring.isEmpty() || ring.newest() >= now - retentionMs) continue
        ring.forgotten = true
        all.delete(key)
        const name = ring.labels[metricName] ?? ''
        const named = byName.get(name)
        named?.delete(ring)
        if (named?.size === 0) byName.delete(name)
      }
    },
    size: () => all.size,
  }
}

/** One text for one label set, whatever the order of its labels. Empty values count as absent. */
export function labelKey(labels: SeriesLabels): string {
  return JSON.stringify(
    Object.entries(labels)
      .filter(([, value]) => value !== '')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** A growing ring: capacity doubles until the retention drops as many samples as arrive. */
class Ring implements Appendable {
  readonly labels: SeriesLabels
  readonly #retentionMs: number
  #times = new Float64Array(16)
  #values = new Float64Array(16)
  // Apart from the values: the bits of a NaN are not kept reliably.
  #stale = new Uint8Array(16)
  #start = 0
  #length = 0
  readonly #attach: (ring: Ring) => void
  /** Expired while somebody still holds it: the next sample brings it back. */
  forgotten = false

  constructor(labels: SeriesLabels, retentionMs: number, attach: (ring: Ring) => void) {
    this.labels = labels
    this.#retentionMs = retentionMs
    this.#attach = attach
  }

  isEmpty(): boolean {
    return this.#length === 0
  }

  append = (t: number, v: number): void => this.#push(t, v, 0)

  markStale = (t: number): void => {
    const isOver = this.#length === 0 || this.#stale[this.#at(this.#length - 1)] === 1
    if (!isOver) this.#push(t, Number.NaN, 1)
  }

  newest(): number {
    return this.#length === 0 ? -Infinity : this.#time(this.#length - 1)
  }

  latest = (at: number, lookbackMs: number): Sample | undefined => {
    const index = this.#countUpTo(at) - 1
    if (index < 0 || this.#stale[this.#at(index)] === 1) return undefined
    const t = this.#time(index)
    return t > at - lookbackMs ? { t, v: this.#values[this.#at(index)] ?? Number.NaN } : undefined
  }

  range = (from: number, to: number): readonly Sample[] => {
    const found: Sample[] = []
    const end = this.#countUpTo(to)
    for (let index = this.#countUpTo(from); index < end; index++) {
      const slot = this.#at(index)
      if (this.#stale[slot] === 1) continue
      found.push({ t: this.#times[slot] ?? 0, v: this.#values[slot] ?? Number.NaN })
    }
    return found
  }

  #push(t: number, v: number, stale: 0 | 1): void {
    if (t <= this.newest()) return
    if (this.forgotten) this.#attach(this)
    while (this.#length > 0 && this.#time(0) < t - this.#retentionMs) {
      this.#start = (this.#start + 1) % this.#times.length
      this.#length--
    }
    if (this.#length === this.#times.length) this.#grow()
    const slot = this.#at(this.#length++)
    this.#times[slot] = t
    this.#values[slot] = v
    this.#stale[slot] = stale
  }

  #grow(): void {
    const order = Array.from({ length: this.#length }, (_, index) => this.#at(index))
    const [times, values, stale] = [this.#times, this.#values, this.#stale]
    this.#times = new Float64Array(times.length * 2)
    this.#values = new Float64Array(times.length * 2)
    this.#stale = new Uint8Array(times.length * 2)
    order.forEach((from, to) => {
      this.#times[to] = times[from] ?? 0
      this.#values[to] = values[from] ?? Number.NaN
      this.#stale[to] = stale[from] ?? 0
    })
    this.#start = 0
  }

  // How many samples have a time of at most `t`.
  #countUpTo(t: number): number {
    let [low, high] = [0, this.#length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#time(middle) <= t) low = middle + 1
      else high = middle
    }
    return low
  }

  #at(index: number): number {
    return (this.#start + index) % this.#times.length
  }

  #time(index: number): number {
    return this.#times[this.#at(index)] ?? 0
  }
}
