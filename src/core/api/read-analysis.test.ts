/** The `analysis:` block: what it means, and what is wrong with it, in the reader and in the schema. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import type { Analysis, Metric } from '../model/analysis.ts'
import type { Obj } from '../schema/json.ts'
import type { Schema } from '../schema/schema.ts'
import { validateSchema } from '../schema/validate.ts'
import { Notes } from './notes.ts'
import { isHeaderAllowed, readAnalysis } from './read-analysis.ts'
import type { ReleaseAnalysis, ReleaseMetric, ReleasePrometheus } from './release-analysis.ts'
import { analysisSchema } from './schema-analysis.ts'

function read(given: ReleaseAnalysis): {
  readonly read: Analysis
  readonly problems: readonly string[]
} {
  const notes = new Notes()
  const found = readAnalysis(given, notes)
  return { read: found, problems: notes.found.map(({ path, message }) => `${path}: ${message}`) }
}

function prometheus(changes: Partial<ReleasePrometheus>): ReleaseAnalysis {
  const given = analysis()
  return { ...given, provider: { prometheus: { ...given.provider.prometheus, ...changes } } }
}

function metricOf(changes: Partial<ReleaseMetric>): Metric | undefined {
  return read(analysis(changes)).read.metrics[0]
}

describe('meaning', () => {
  test('what is left out has its default', () => {
    expect(read(analysis()).read).toEqual({
      provider: {
        kind: 'prometheus',
        address: 'http://prometheus.monitoring.svc:9090',
        headers: {},
        secret: undefined,
        caBundle: undefined,
      },
      warmupMs: 0,
      metrics: [
        {
          name: 'errors',
          query: { kind: 'template', template: 'error-rate', source: 'app' },
          range: undefined,
          compare: undefined,
          max: 1,
          min: undefined,
          intervalMs: 10_000,
          windowMs: 120_000,
          failures: 1,
          count: 1,
          minSamples: 0,
          onNoData: 'hold',
          onError: 'hold',
          consecutiveErrors: undefined,
        },
      ],
    })
  })

  test('a provider may have headers, a Secret and an authority', () => {
    const caBundle = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----'
    const given = prometheus({
      address: 'https://prom.example',
      headers: { 'X-Scope-OrgID': 'team' },
      secretRef: { name: 'prom' },
      caBundle,
    })
    expect(read(given)).toMatchObject({
      problems: [],
      read: { provider: { headers: { 'x-scope-orgid': 'team' }, secret: 'prom', caBundle } },
    })
  })

  const metrics = [
    [{ source: 'istio' }, { query: { kind: 'template', template: 'error-rate', source: 'istio' } }],
    [
      { template: undefined, query: 'up{a="{{x}}"}', countQuery: 'sum(up)', arguments: { x: 'y' } },
      { query: { kind: 'text', text: 'up{a="{{x}}"}', count: 'sum(up)', arguments: { x: 'y' } } },
    ],
    [{ range: { step: '30s', reduce: 'max' } }, { range: { stepMs: 30_000, reduce: 'max' } }],
    [{ range: { step: '10ms' } }, { range: { stepMs: 1000, reduce: 'last' } }],
    [
      { compare: 'difference', minSamples: 50 },
      { compare: 'difference', minSamples: 50 },
    ],
    [
      { onError: 'rollback', consecutiveErrors: 4 },
      { onError: 'rollback', consecutiveErrors: 4 },
    ],
  ] as const
  for (const [given, expected] of metrics)
    test(JSON.stringify(given), () =>
      expect(metricOf(given as Partial<ReleaseMetric>)).toMatchObject(expected),
    )
})

describe('problems', () => {
  const base = 'spec.analysis'
  const metric = `${base}.metrics[0]`
  const provider = `${base}.provider.prometheus`
  const rows: readonly (readonly [string, ReleaseAnalysis, string])[] = [
    [
      'a template with a query of its own',
      analysis({ countQuery: 'up' }),
      `${metric}.countQuery: belongs to a query; a template brings its own`,
    ],
    [
      'a template with arguments',
      analysis({ arguments: { a: 'b' } }),
      `${metric}.arguments: belongs to a query; a template brings its own`,
    ],
    [
      'a query with a source',
      analysis({ template: undefined, query: 'up', source: 'nginx' } as never),
      `${metric}.source: belongs to a template; a query names its series itself`,
    ],
    [
      'a number of requests that nobody counts',
      analysis({ template: undefined, query: 'up', minSamples: 5 } as never),
      `${metric}: metric errors has minSamples but no countQuery; write one that counts its requests`,
    ],
    [
      'a step longer than the window',
      analysis({ window: '1m', range: { step: '2m' } }),
      `${metric}.range.step: 2m is longer than the window; write a shorter one`,
    ],
    [
      'more points than a server gives',
      analysis({ window: '1h', range: { step: '1s' } }),
      `${metric}.range.step: makes more than 1000 points; write a longer one`,
    ],
    [
      'a step that is no duration',
      analysis({ range: { step: 'often' } }),
      `${metric}.range.step: "often" is no duration; write one like 30s, 5m or 1h30m`,
    ],
    [
      'credentials in a header',
      prometheus({ headers: { Authorization: 'Bearer x' } }),
      `${provider}.headers.Authorization: is not a header that may be set; allowed are X-… and THANOS-TENANT, and credentials go into the Secret of secretRef`,
    ],
    [
      'a line break in a header',
      prometheus({ headers: { 'X-A': 'a\r\nb' } }),
      `${provider}.headers.X-A: may hold printable ASCII characters only`,
    ],
    [
      'an authority for http',
      prometheus({ caBundle: '-----BEGIN CERTIFICATE-----' }),
      `${provider}.caBundle: has no use for an http address; write https or leave it out`,
    ],
    [
      'an authority that is none',
      prometheus({ address: 'https://p.example', caBundle: 'LS0t' }),
      `${provider}.caBundle: is no PEM certificate; it begins with -----BEGIN CERTIFICATE-----`,
    ],
  ]
  for (const [name, given, problem] of rows)
    test(name, () => expect(read(given).problems).toEqual([problem]))

  const headers = [
    ['x-scope-orgid', true],
    ['x-api-key', true],
    ['thanos-tenant', true],
    ['authorization', false],
    ['cookie', false],
    ['host', false],
    ['content-length', false],
    ['transfer-encoding', false],
    ['impersonate-user', false],
    ['x-remote-user', false],
    ['x-remote-extra-a', false],
    ['x-forwarded-for', false],
    ['x-real-ip', false],
    ['x-original-url', false],
    ['proxy-authorization', false],
    ['x-a\r\nb', false],
    ['x-', false],
    ['', false],
  ] as const
  for (const [name, allowed] of headers)
    test(`header ${JSON.stringify(name)} ${allowed ? 'may' : 'may not'} be set`, () =>
      expect(isHeaderAllowed(name)).toBe(allowed))
})

describe('the schema', () => {
  const found = (given: object): readonly string[] =>
    validateSchema(analysisSchema as Schema, given as Obj).map(({ field }) => field)
  const withMetric = (changes: object): object => analysis(changes)

  test('takes all that can be read', () => {
    const all = withMetric({
      source: 'nginx',
      range: { step: '10s', reduce: 'mean' },
      compare: 'ratio',
      min: 0,
      minSamples: 1,
      consecutiveErrors: 10,
      onNoData: 'continue',
    })
    expect(found(all)).toEqual([])
    expect(found(prometheus({ headers: { 'X-A': 'b' }, secretRef: { name: 'prom' } }))).toEqual([])
  })

  const rows = [
    [{ source: 'apache' }, 'metrics[0].source'],
    [{ compare: 'both' }, 'metrics[0].compare'],
    [{ minSamples: 0 }, 'metrics[0].minSamples'],
    [{ consecutiveErrors: 0 }, 'metrics[0].consecutiveErrors'],
    [{ consecutiveErrors: 11 }, 'metrics[0].consecutiveErrors'],
    [{ range: {} }, 'metrics[0].range.step'],
    [{ range: { step: '1s', reduce: 'median' } }, 'metrics[0].range.reduce'],
    [{ onError: 'ignore' }, 'metrics[0].onError'],
    [{ name: 'x'.repeat(64) }, 'metrics[0].name'],
  ] as const
  for (const [changes, field] of rows)
    test(`refuses ${JSON.stringify(changes)}`, () =>
      expect(found(withMetric(changes))).toContain(field))
})
