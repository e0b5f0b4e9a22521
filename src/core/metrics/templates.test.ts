/**
 * The built-in queries are right: asked of series as each kind of gateway and the app itself count them, they give back
 * what was counted. The numbers go the whole way: question, evaluation, answer, reading.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Answered } from '#local/gateway/metric-names.ts'
import { gatewayMetrics } from '#local/gateway/metrics.ts'
import type { BackendRef, RouterKind } from '#local/gateway/table.ts'
import { answerApi } from '#local/prometheus/api.ts'
import { type Store, seriesStore } from '#local/prometheus/store.ts'
import { parseSeries, parseText } from '#local/prometheus/text-format.ts'
import { Metrics } from '#local/sample-app/metrics.ts'
import { metric } from '#test/gen/metric.ts'
import { type Metric, type MetricSource, metricSources } from '../model/analysis.ts'
import { prometheus, queryOf } from './prometheus.ts'
import type { Question, Reading, Subject } from './provider.ts'
import { templateNames } from './templates.ts'

const second = 1000
const start = 1_795_000_000_000
const end = start + 300 * second
const candidate: Subject = {
  namespace: 'default',
  rollout: 'shop',
  revision: 'r2',
  role: 'canary',
  service: 'shop-canary',
}
const stable: Subject = { ...candidate, revision: 'r1', role: 'canary', service: 'shop-stable' }

type Request = { readonly status: number; readonly durationMs: number }

/** Of every 100 requests of the candidate 25 fail, and 10 take long. Stable has three times as many, all fine. */
const hundred: readonly Request[] = Array.from({ length: 100 }, (_, index) => ({
  status: index < 25 ? 500 : 200,
  durationMs: index % 10 === 0 ? 240 : 8,
}))
const fine: readonly Request[] = Array.from({ length: 300 }, () => ({ status: 200, durationMs: 8 }))

type Counter = {
  readonly count: (subject: Subject, request: Request) => void
  /** Text of a scrape, with the labels that the scrape adds. */
  readonly text: () => readonly (readonly [string, Readonly<Record<string, string>>])[]
}

function app(): Counter {
  const pods = { r1: new Metrics(), r2: new Metrics() }
  return {
    count: ({ revision }, { status, durationMs }) =>
      pods[revision as 'r1' | 'r2'].observe({
        method: 'GET',
        path: '/',
        status,
        seconds: durationMs / 1000,
      }),
    text: () =>
      Object.entries(pods).map(([revision, pod]) => [
        pod.text(),
        { namespace: 'default', rollout: 'shop', revision, pod: `shop-${revision}-1` },
      ]),
  }
}

function gateway(router: RouterKind): Counter {
  const metrics = gatewayMetrics()
  const backends = new Map<string, BackendRef>()
  return {
    count: ({ namespace, service }, { status, durationMs }) => {
      const backend = backends.get(service) ?? backendOf(router, namespace, service)
      backends.set(service, backend)
      const route = { router, namespace, name: 'shop' }
      const answered: Answered = {
        route,
        backend,
        method: 'GET',
        isGrpc: false,
        isAnswered: true,
        pod: undefined,
        status,
        grpcStatus: '',
        flags: '-',
        durationMs,
      }
      metrics.answered(answered)
    },
    text: () => [[metrics.text(), { instance: 'gateway-1' }]],
  }
}

// ingress-nginx counts a canary under the Service of the main Ingress.
function backendOf(router: RouterKind, namespace: string, service: string): BackendRef {
  const plain = { namespace, service, port: 80, weight: 1, filters: [] }
  return router === 'nginx' && service === 'shop-canary'
    ? { ...plain, seriesLabels: { service: 'shop-stable', canary: 'default-shop-canary-80' } }
    : plain
}

/** Five minutes of traffic, scraped every ten seconds until `until`. */
function observed(source: MetricSource, until = end): Store {
  const store = seriesStore(3_600_000)
  const counter = source === 'app' ? app() : gateway(source)
  const other = { ...candidate, service: 'shop-canary-two', revision: 'r2' }
  for (let at = start; at <= until; at += 10 * second) {
    scrape(store, counter, at)
    for (const request of hundred) counter.count(candidate, request)
    for (const request of fine) counter.count(stable, request)
    if (source !== 'app') counter.count(other, { status: 500, durationMs: 5000 })
  }
  return store
}

function scrape(store: Store, counter: Counter, at: number): void {
  for (const [text, labels] of counter.text())
    for (const { series, value } of parseText(text))
      store.series({ ...parseSeries(series), ...labels }).append(at, value)
}

function asked(store: Store, given: Partial<Question> & { readonly metric: Metric }): Reading {
  const question: Question = {
    part: 'value',
    subject: candidate,
    windowMs: 120_000,
    at: end,
    ...given,
  }
  const ref = {
    kind: 'prometheus',
    address: 'http://p',
    headers: {},
    secret: undefined,
    caBundle: undefined,
  } as const
  const { pathname, searchParams } = new URL(prometheus.ask(ref, question).url)
  const answer = answerApi(store, pathname, searchParams, end)
  if (answer === undefined) throw new Error(`nobody answers ${pathname}`)
  return prometheus.read({ kind: 'answer', ...answer }, question)
}

function named(template: string, source: MetricSource, changes: Partial<Metric> = {}): Metric {
  return metric({ query: { kind: 'template', template, source }, windowMs: 120_000, ...changes })
}

const expected = [
  ['error-rate', candidate, 25],
  ['error-rate', stable, 0],
  ['success-rate', candidate, 75],
  ['success-rate', stable, 100],
  // 90 of 100 lie between 5 and 10 ms: the median is five ninths of the way; the slow tenth lies between 100 and 250.
  ['latency-p50', candidate, 5 + 5 * (50 / 90)],
  ['latency-p90', candidate, 10],
  ['latency-p95', candidate, 175],
  ['latency-p99', candidate, 235],
  ['latency-p50', stable, 7.5],
] as const

for (const source of metricSources) {
  describe(`as ${source} counts`, () => {
    const store = observed(source)

    for (const [template, subject, value] of expected)
      test(`${template} of ${subject.service} is ${Number(value.toPrecision(4))}`, () => {
        const reading = asked(store, { metric: named(template, source), subject })
        expect(reading.kind === 'value' ? reading.value : reading).toBeCloseTo(value, 6)
      })

    test('the requests of a window are counted', () => {
      const counted = asked(store, { metric: named('error-rate', source), part: 'count' })
      expect(counted.kind === 'value' ? counted.value : counted).toBeCloseTo(1200, 6)
    })

    test('a row of points gives the worst of them', () => {
      const range = { stepMs: 30_000, reduce: 'max' } as const
      const reading = asked(store, { metric: named('error-rate', source, { range }) })
      expect(reading).toEqual({ kind: 'value', value: expect.closeTo(25, 6) as number })
    })

    test('what nobody counted is no data', () => {
      const subject = { ...candidate, namespace: 'other' }
      for (const template of templateNames)
        expect(asked(store, { metric: named(template, source), subject }).kind).toBe('noData')
    })

    test('a scrape that stopped is no data long before its last samples leave the window', () => {
      const stopped = observed(source, end - 100 * second)
      for (const template of templateNames) {
        expect(asked(stopped, { metric: named(template, source) }).kind).toBe('noData')
        const before = { metric: named(template, source), at: end - 95 * second }
        expect(asked(stopped, before).kind).toBe('value')
      }
    })
  })
}

test('no traffic in the window is no data, not a rate of zero', () => {
  const store = seriesStore(3_600_000)
  const counter = app()
  for (let at = start; at <= end; at += 10 * second) scrape(store, counter, at)
  for (const template of templateNames)
    expect(asked(store, { metric: named(template, 'app') }).kind).toBe('noData')
})

describe('docs/analysis.md', () => {
  const page = readFileSync('docs/analysis.md', 'utf8')
  for (const source of metricSources) {
    for (const template of ['error-rate', 'success-rate', 'latency-p95'])
      test(`shows ${template} of ${source} as it is asked`, () =>
        expect(page).toContain(queryOf(named(template, source), 'value')))
    test(`shows how ${source} is counted`, () =>
      expect(page).toContain(queryOf(named('error-rate', source), 'count')))
  }
  test('names every template', () => {
    for (const template of templateNames) expect(page).toContain(`\`${template}\``)
  })
})
