/** Scrapes all targets at every tick of the clock into the store, and marks what has gone as stale. */
import type { Clock } from '#kube/ports.ts'
import { fetchMetrics } from './fetch-metrics.ts'
import { metricName } from './matchers.ts'
import type { Appendable, SeriesLabels, Store } from './store.ts'
import type { Target } from './targets.ts'
import { parseSeries, parseText, type TextSample } from './text-format.ts'

export type ScrapeOptions = {
  readonly intervalMs: number
  readonly targets: () => readonly Target[]
}

type Held = {
  readonly labels: SeriesLabels
  /** By the text of the series as the target writes it. */
  readonly series: Map<string, Appendable>
  seen: ReadonlySet<Appendable>
  readonly up: Appendable
  busy: boolean
}

export type Scraper = { readonly stop: () => Promise<void> }

export function startScraping(store: Store, clock: Clock, options: ScrapeOptions): Scraper {
  const held = new Map<string, Held>()
  const running = new Set<Promise<void>>()
  let stopped = false
  let cancel = (): void => undefined
  let nextAt = clock.monotonic()

  const tick = (): void => {
    const now = clock.now()
    const targets = options.targets()
    leave(held, new Set(targets.map(identity)), now)
    for (const target of targets) {
      const state = held.get(identity(target)) ?? fresh(store, target)
      held.set(identity(target), state)
      // A target slower than the interval skips a turn instead of being asked twice at once.
      if (state.busy) continue
      const done = scrapeOne(store, clock, target, state, now, options.intervalMs)
      running.add(done)
      void done.finally(() => running.delete(done))
    }
    store.expire(now)
    nextAt = Math.max(nextAt + options.intervalMs, clock.monotonic())
    if (!stopped) cancel = clock.after(Math.max(0, nextAt - clock.monotonic()), tick)
  }
  cancel = clock.after(0, tick)
  return {
    stop: async () => {
      stopped = true
      cancel()
      await Promise.all(running)
    },
  }
}

// A pod whose labels change begins new series, as after a relabelling in Prometheus.
function identity({ id, labels }: Target): string {
  return `${id} ${JSON.stringify(labels)}`
}

function fresh(store: Store, { labels }: Target): Held {
  const up = store.series({ ...labels, [metricName]: 'up' })
  return { labels, series: new Map(), seen: new Set(), up, busy: false }
}

function leave(held: Map<string, Held>, present: ReadonlySet<string>, now: number): void {
  for (const [id, { seen, up }] of held) {
    if (present.has(id)) continue
    for (const series of seen) series.markStale(now)
    up.markStale(now)
    held.delete(id)
  }
}

async function scrapeOne(
  store: Store,
  clock: Clock,
  target: Target,
  state: Held,
  at: number,
  timeoutMs: number,
): Promise<void> {
  state.busy = true
  try {
    const { from } = target
    const text =
      from.kind === 'function'
        ? from.read()
        : await fetchMetrics(from.address, from.path, { clock, timeoutMs })
    take(store, state, parseText(text), at)
    state.up.append(at, 1)
  } catch {
    // Whatever it was, a scrape that fails is a target that is down.
    for (const series of state.seen) series.markStale(at)
    state.seen = new Set()
    state.up.append(at, 0)
  } finally {
    state.busy = false
  }
}

function take(store: Store, state: Held, samples: readonly TextSample[], at: number): void {
  const seen = new Set<Appendable>()
  for (const { series: text, value, timestamp } of samples) {
    const series = state.series.get(text) ?? store.series(merged(parseSeries(text), state.labels))
    state.series.set(text, series)
    series.append(timestamp ?? at, value)
    seen.add(series)
  }
  for (const series of state.seen) if (!seen.has(series)) series.markStale(at)
  state.seen = seen
}

// The target's labels win; what the process says under the same name is kept as exported_NAME.
function merged(own: SeriesLabels, target: SeriesLabels): SeriesLabels {
  const labels: Record<string, string> = {}
  for (const [name, value] of Object.entries(own)) {
    labels[target[name] === undefined ? name : `exported_${name}`] = value
  }
  return { ...labels, ...target }
}
