/** The local Prometheus endpoint and a real one: the same answers to random expressions over the same series; one reads what the other does. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { systemClock } from '#kube/system.ts'
import { startLocalCluster } from '#local/cluster.ts'
import { type Listening, listenOnLoopback } from '#local/gateway/listen.ts'
import { prometheusHandler } from '#local/prometheus/http.ts'
import { seriesStore } from '#local/prometheus/store.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { freePort } from '../../free-port.ts'
import { diceOf } from '../../sim/random.ts'
import { expressions } from './expressions.ts'
import { findPrometheus, type RunningPrometheus, runPrometheus } from './program.ts'
import { madeSeries, openMetrics } from './series.ts'

const questions = 1500
const folder = mkdtempSync(join(tmpdir(), 'headgate-prometheus-'))
let real: RunningPrometheus
let local: Listening
let start: number

beforeAll(async () => {
  const programs = await findPrometheus(() => undefined)
  start = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000
  const series = madeSeries(diceOf(7, 'series'), start)
  const file = join(folder, 'series')
  const data = join(folder, 'data')
  const config = join(folder, 'empty.yaml')
  writeFileSync(file, openMetrics(series))
  writeFileSync(config, '')
  const blocks = ['tsdb', 'create-blocks-from', 'openmetrics', file, data]
  await promisify(execFile)(programs.promtool, blocks)
  real = await runPrometheus(programs, { data, config, port: await freePort() })
  const store = seriesStore(24 * 3_600_000)
  for (const { name, labels, samples } of series) {
    const made = store.series({ ...labels, __name__: name })
    for (const { t, v } of samples) made.append(t, v)
  }
  local = await listenOnLoopback(
    prometheusHandler(store, systemClock(), () => true),
    0,
  )
}, 60_000)
afterAll(async () => {
  await real?.stop()
  await local?.close()
  rmSync(folder, { recursive: true, force: true })
})

type Point = readonly [number, string]
type Answer = {
  readonly status: string
  readonly errorType?: string
  readonly error?: string
  readonly data?: { readonly resultType: string; readonly result: unknown }
}

async function ask(url: string, query: string, time: number): Promise<Answer> {
  const at = new URLSearchParams({ query, time: String(time) })
  return (await (await fetch(`${url}/api/v1/query?${at}`)).json()) as Answer
}

/** Series by their labels, whose order is nobody's promise. */
function comparable({ status, errorType, data }: Answer): unknown {
  if (data === undefined) return { status, errorType }
  if (!Array.isArray(data.result)) return data
  type Row = { readonly metric: Readonly<Record<string, string>>; readonly value: Point }
  const rows = (data.result as readonly Row[]).map(({ metric, value }) => {
    const labels = Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return [JSON.stringify(labels), value] as const
  })
  return { type: data.resultType, rows: new Map(rows.toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}

/** Where both have a number in the same place, it may differ by one part in a thousand million. */
function same(one: unknown, other: unknown): boolean {
  if (one instanceof Map && other instanceof Map) {
    return one.size === other.size && [...one].every(([key, value]) => same(value, other.get(key)))
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => same(item, other[index]))
  }
  if (typeof one === 'object' && typeof other === 'object' && one !== null && other !== null) {
    const [a, b] = [Object.entries(one), Object.entries(other)]
    const found = new Map(b)
    return a.length === b.length && a.every(([key, value]) => same(value, found.get(key)))
  }
  return one === other || isNear(Number(one), Number(other))
}

function isNear(one: number, other: number): boolean {
  if (Object.is(one, other) || one === other) return true
  return Math.abs(one - other) <= 1e-9 * Math.max(Math.abs(one), Math.abs(other))
}

test(`${questions} random expressions are answered alike`, async () => {
  // Never at a sample's own instant: whether a range begins with one is a matter of Prometheus' version.
  const instants = fc.integer({ min: 300, max: 980 }).map((second) => start / 1000 + second + 0.137)
  const refused = new Set<string>()
  await fc.assert(
    fc.asyncProperty(expressions, instants, async (query, time) => {
      const url = `http://127.0.0.1:${local.port}`
      const [wanted, found] = await Promise.all([ask(real.url, query, time), ask(url, query, time)])
      if (wanted.status !== 'success') refused.add(query)
      const alike = same(comparable(wanted), comparable(found))
      const seen = alike ? '' : JSON.stringify({ query, time, real: wanted, local: found })
      expect(seen).toBe('')
    }),
    { numRuns: questions },
  )
  console.log(`Prometheus: ${questions} expressions alike, ${refused.size} of them refused by both`)
}, 120_000)

test('a real Prometheus scrapes sample pods and the gateway, and counts what the local endpoint counts', async () => {
  const cluster = await startLocalCluster({ followDelayMs: 20 })
  const metadata = { name: 'shop', namespace: 'default', labels: { app: 'shop' } }
  const ports = [{ containerPort: 8080 }]
  await cluster.cluster.create(kinds.pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [{ name: 'app', image: 'example/shop:v1', ports }] },
  } as KubeObject)
  type Pod = KubeObject & { readonly metadata: { readonly annotations?: Record<string, string> } }
  const addressOf = async (): Promise<string> => {
    const { annotations = {} } = (await cluster.cluster.get<Pod>(kinds.pod, metadata)).metadata
    const ofPorts = JSON.parse(annotations['local.headgate.dev/address'] ?? '{}') as object
    return String(Object.values(ofPorts)[0])
  }
  await expect.poll(addressOf, { timeout: 15_000 }).toContain(':')
  const pod = await addressOf()
  const gateway = new URL(cluster.gateway.metricsUrl).host
  const config = join(folder, 'scrape.yaml')
  const job = (name: string, target: string): object => ({
    job_name: name,
    static_configs: [{ targets: [target] }],
  })
  const scrape_configs = [job('pods', pod), job('gateway', gateway)]
  writeFileSync(
    config,
    JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs }),
  )
  const programs = await findPrometheus(() => undefined)
  const scraper = await runPrometheus(programs, {
    data: join(folder, 'scraped'),
    config,
    port: await freePort(),
  })
  const url = `http://${pod}/hello`
  const traffic = startTraffic({
    url,
    host: 'shop',
    perSecond: 50,
    limit: 60,
    clock: systemClock(),
  })
  await traffic.done
  for (const query of [
    'sum by (path, status) (http_requests_total)',
    'sum by (le) (http_request_duration_seconds_bucket)',
    'count(up == 1)',
  ]) {
    const both = async (): Promise<unknown> => {
      const now = Date.now() / 1000
      const answers = await Promise.all(
        [scraper.url, cluster.prometheus.url].map((one) => ask(one, query, now)),
      )
      const [wanted, found] = answers.map(comparable) as [object, object]
      const { rows = new Map() } = wanted as { rows?: Map<string, readonly [number, string]> }
      return rows.size > 0 && same(wanted, found)
    }
    await expect.poll(both, { timeout: 15_000 }).toBe(true)
  }
  await scraper.stop()
  await cluster.stop()
}, 60_000)
