/** Counts and latency histograms of answered requests as Prometheus text, under the names of the router in use. */
import { type Answered, type Family, families, type Series } from './metric-names.ts'

export type GatewayMetrics = {
  readonly answered: (request: Answered) => void
  /** An answer to a client, from a backend or of the gateway's own. */
  readonly downstream: (status: number) => void
  readonly text: () => string
}

type Counter = { readonly name: string; readonly labels: string; value: number }

type Histogram = {
  readonly name: string
  readonly labels: string
  readonly bounds: readonly number[]
  readonly buckets: number[]
  sum: number
  count: number
}

/** Where the requests of one kind to one backend are counted. */
type Cells = {
  readonly family: Family
  readonly counters: readonly Counter[]
  readonly histograms: readonly Histogram[]
}

type Store = {
  readonly counters: Map<string, Counter>
  readonly histograms: Map<string, Histogram>
}

export function gatewayMetrics(): GatewayMetrics {
  const store: Store = { counters: new Map(), histograms: new Map() }
  // Label texts are long; they are made once for each backend and kind of answer, and forgotten with the backend.
  const known = new WeakMap<object, Map<string, Cells | undefined>>()
  const cellsOf = (request: Answered): Cells | undefined => {
    const { backend, method, status, grpcStatus, flags, pod } = request
    const ofBackend = known.get(backend) ?? new Map<string, Cells | undefined>()
    known.set(backend, ofBackend)
    const key = `${method} ${status} ${grpcStatus} ${flags} ${pod?.metadata.resourceVersion ?? ''}${pod?.metadata.uid ?? ''}`
    if (!ofBackend.has(key)) ofBackend.set(key, freshCells(store, request))
    return ofBackend.get(key)
  }
  const downstream = (status: number): void => {
    const labels = { envoy_response_code_class: String(Math.floor(status / 100)) }
    counterIn(store, { name: 'envoy_http_downstream_rq_xx', labels }).value++
  }
  return {
    answered: (request) => {
      const cells = cellsOf(request)
      if (cells === undefined) return
      for (const counter of cells.counters) counter.value++
      const { latencyUnit } = cells.family
      const value = latencyUnit === 's' ? request.durationMs / 1000 : request.durationMs
      for (const histogram of cells.histograms) observe(histogram, value)
    },
    downstream,
    text: () => exposition(store),
  }
}

function freshCells(store: Store, request: Answered): Cells | undefined {
  const family = families[request.route.router]
  if (family === undefined) return undefined
  return {
    family,
    counters: family.counters(request).map((series) => counterIn(store, series)),
    histograms: family.latencies(request).map((series) => histogramIn(store, series, family)),
  }
}

function counterIn({ counters }: Store, { name, labels }: Series): Counter {
  const text = labelText(labels)
  const key = `${name}{${text}}`
  const counter = counters.get(key) ?? { name, labels: text, value: 0 }
  counters.set(key, counter)
  return counter
}

function histogramIn({ histograms }: Store, { name, labels }: Series, { buckets }: Family) {
  const text = labelText(labels)
  const key = `${name}{${text}}`
  const histogram: Histogram = histograms.get(key) ?? {
    name,
    labels: text,
    bounds: buckets,
    buckets: buckets.map(() => 0),
    sum: 0,
    count: 0,
  }
  histograms.set(key, histogram)
  return histogram
}

function observe(held: Histogram, value: number): void {
  held.count++
  held.sum += value
  const bucket = held.bounds.findIndex((bound) => value <= bound)
  if (bucket >= 0) held.buckets[bucket] = (held.buckets[bucket] ?? 0) + 1
}

function exposition({ counters, histograms }: Store): string {
  const byName = new Map<string, { readonly type: string; readonly lines: string[] }>()
  const linesOf = (name: string, type: string): string[] => {
    const known = byName.get(name) ?? { type, lines: [] }
    byName.set(name, known)
    return known.lines
  }
  for (const { name, labels, value } of counters.values()) {
    linesOf(name, 'counter').push(`${name}{${labels}} ${value}`)
  }
  for (const held of histograms.values()) linesOf(held.name, 'histogram').push(...linesFor(held))
  return [...byName]
    .map(([name, { type, lines }]) => `# TYPE ${name} ${type}\n${lines.join('\n')}\n`)
    .join('')
}

function linesFor({ name, labels, bounds, buckets, sum, count }: Histogram): readonly string[] {
  let below = 0
  return [
    ...bounds.map((bound, index) => {
      below += buckets[index] ?? 0
      return `${name}_bucket{${labels},le="${bound}"} ${below}`
    }),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${sum}`,
    `${name}_count{${labels}} ${count}`,
  ]
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`)
    .join(',')
}
