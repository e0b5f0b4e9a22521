/** Counts and latency histograms of answered requests, per backend, as Prometheus text. */
import { type Family, families } from './metric-names.ts'
import type { RouteId } from './table.ts'

export type Answered = {
  readonly route: RouteId
  readonly namespace: string
  readonly service: string
  readonly port: number
  readonly status: number
  readonly durationMs: number
}

export type GatewayMetrics = {
  readonly answered: (request: Answered) => void
  /** An answer to a client, from a backend or of the gateway's own. */
  readonly downstream: (status: number) => void
  readonly text: () => string
}

type Series = {
  readonly family: Family
  readonly labels: string
  readonly codes: Map<number, number>
  readonly buckets: number[]
  sum: number
  count: number
}

export function gatewayMetrics(): GatewayMetrics {
  const series = new Map<string, Series>()
  const downstream = new Map<number, number>()
  return {
    answered: (request) => {
      const { route, namespace, service, port } = request
      const key = `${route.router} ${route.namespace}/${route.name} ${namespace}/${service}:${port}`
      const held = series.get(key) ?? fresh(request)
      series.set(key, held)
      count(held, request)
    },
    downstream: (status) => {
      const digit = Math.floor(status / 100)
      downstream.set(digit, (downstream.get(digit) ?? 0) + 1)
    },
    text: () => exposition([...series.values()], downstream),
  }
}

function fresh({ route, namespace, service, port }: Answered): Series {
  const family = families[route.router]
  const named = { namespace, service, route: route.name }
  return {
    family,
    labels: labelText({ ...named, ...family.labels({ ...named, port }) }),
    codes: new Map(),
    buckets: family.buckets.map(() => 0),
    sum: 0,
    count: 0,
  }
}

function count(held: Series, { status, durationMs }: Answered): void {
  const value = held.family.latencyUnit === 's' ? durationMs / 1000 : durationMs
  held.codes.set(status, (held.codes.get(status) ?? 0) + 1)
  held.count++
  held.sum += value
  const bucket = held.family.buckets.findIndex((bound) => value <= bound)
  if (bucket >= 0) held.buckets[bucket] = (held.buckets[bucket] ?? 0) + 1
}

function exposition(all: readonly Series[], downstream: ReadonlyMap<number, number>): string {
  const byName = new Map<string, { readonly type: string; readonly lines: string[] }>()
  const add = (name: string, type: string, line: string): void => {
    const known = byName.get(name)
    if (known === undefined) byName.set(name, { type, lines: [line] })
    else known.lines.push(line)
  }
  for (const held of all) countLines(held, add)
  for (const held of all) histogramLines(held, add)
  for (const [digit, requests] of downstream) {
    const name = 'envoy_http_downstream_rq_xx'
    add(name, 'counter', `${name}{envoy_response_code_class="${digit}"} ${requests}`)
  }
  return [...byName]
    .map(([name, { type, lines }]) => `# TYPE ${name} ${type}\n${lines.join('\n')}\n`)
    .join('')
}

type Add = (name: string, type: string, line: string) => void

function countLines({ family, labels, codes, count }: Series, add: Add): void {
  const { total, codeLabel, byClass, classLabel, byCode } = family
  if (codeLabel === undefined) add(total, 'counter', `${total}{${labels}} ${count}`)
  const classes = new Map<number, number>()
  for (const [code, requests] of codes) {
    const digit = Math.floor(code / 100)
    classes.set(digit, (classes.get(digit) ?? 0) + requests)
    if (codeLabel !== undefined) {
      add(total, 'counter', `${total}{${labels},${codeLabel}="${code}"} ${requests}`)
    }
    if (byCode !== undefined) {
      const { name, label } = byCode
      add(name, 'counter', `${name}{${labels},${label}="${code}"} ${requests}`)
    }
  }
  if (byClass === undefined || classLabel === undefined) return
  for (const [digit, requests] of classes) {
    add(byClass, 'counter', `${byClass}{${labels},${classLabel}="${digit}"} ${requests}`)
  }
}

function histogramLines({ family, labels, buckets, sum, count }: Series, add: Add): void {
  const name = family.latency
  let below = 0
  family.buckets.forEach((bound, index) => {
    below += buckets[index] ?? 0
    add(name, 'histogram', `${name}_bucket{${labels},le="${bound}"} ${below}`)
  })
  add(name, 'histogram', `${name}_bucket{${labels},le="+Inf"} ${count}`)
  add(name, 'histogram', `${name}_sum{${labels}} ${sum}`)
  add(name, 'histogram', `${name}_count{${labels}} ${count}`)
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`)
    .join(',')
}
