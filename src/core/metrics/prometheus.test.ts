/** Questions that nobody can bend. How answers are read is in prometheus-answer.test.ts. */
import { parser } from '@prometheus-io/lezer-promql'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { metric } from '#test/gen/metric.ts'
import type { UrlAsk } from '../http-ask.ts'
import { type Metric, type MetricQuery, metricSources } from '../model/analysis.ts'
import { prometheus, queryOf } from './prometheus.ts'
import type { Question, Subject } from './provider.ts'
import { metricProviders } from './register.ts'
import { templateNames } from './templates.ts'

/** The label matchers of every selector in a query, as the grammar of Prometheus sees them. */
function matchersOf(query: string): readonly (readonly string[])[] {
  const found: string[][] = []
  parser.parse(query).iterate({
    enter: ({ name, from, to, type }) => {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${query}`)
      if (name === 'LabelMatchers') found.push([])
      if (name === 'LabelName' || name === 'MatchOp') found.at(-1)?.push(query.slice(from, to))
    },
  })
  return found
}

const ref = {
  kind: 'prometheus',
  address: 'http://prometheus:9090/',
  headers: {},
  secret: undefined,
  caBundle: undefined,
} as const
const plain: Subject = {
  namespace: 'default',
  rollout: 'shop',
  revision: 'r2',
  role: 'canary',
  service: 'shop-canary',
}
const at = 1_795_000_000_123

function asked(changes: Partial<Metric>, question: Partial<Question> = {}): UrlAsk {
  const wanted = metric(changes)
  return prometheus.ask(ref, {
    metric: wanted,
    part: 'value',
    subject: plain,
    windowMs: 60_000,
    at,
    ...question,
  })
}

function written(text: string, own: Readonly<Record<string, string>> = {}): MetricQuery {
  return { kind: 'text', text, count: undefined, arguments: own }
}

function queryIn({ url }: UrlAsk): string {
  return new URL(url).searchParams.get('query') ?? ''
}

const nasty = [
  'a"} or vector(1) or up{x="',
  "a'} or vector(1) or up{x='",
  'a`} or vector(1) or up{x=`',
  'a\\',
  'a\\"',
  'a\nb',
  '{{window}}',
  '{{labels}}',
  '$&$1',
  '}',
  ')',
  '#',
  '',
  '.*',
]

describe('no name bends a query', () => {
  const queries: readonly (readonly [string, MetricQuery])[] = [
    ...metricSources.flatMap((source) =>
      templateNames.map(
        (template) => [`${template} of ${source}`, { kind: 'template', template, source }] as const,
      ),
    ),
    ['double quotes', written('sum(up{ns="{{namespace}}",a="{{rollout}}",r="{{revision}}"})')],
    ['single quotes', written("sum(up{ns='{{namespace}}',a='{{rollout}}',r='{{revision}}'})")],
    ['back quotes', written('sum(up{ns=`{{namespace}}`,a=`{{rollout}}`,r=`{{revision}}`})')],
    ['all labels', written('sum(rate(up{ {{labels}}, a="b" }[{{window}}]))')],
    ['a pattern', written('sum(up{a=~"x-{{rollout}}-.+", s!~"{{service}}"})')],
  ]
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('"', "'", '`', '\\', '{', '}', '\n', 'x', '=', ',') }),
  )

  for (const [name, query] of queries) {
    for (const part of ['value', 'count'] as const) {
      if (part === 'count' && query.kind === 'text') continue
      const ask = (subject: Subject): string => queryIn(asked({ query }, { subject, part }))
      const known = matchersOf(ask(plain))

      test(`${name} (${part}): odd names leave the matchers as they are`, () => {
        for (const value of nasty)
          for (const label of Object.keys(plain))
            expect(matchersOf(ask({ ...plain, [label]: value }))).toEqual(known)
      })

      test(`${name} (${part}): so do any other names`, () => {
        fc.assert(
          fc.property(anyText, anyText, anyText, (namespace, rollout, service) => {
            expect(
              matchersOf(ask({ namespace, rollout, revision: 'r2', role: 'canary', service })),
            ).toEqual(known)
          }),
        )
      })
    }
  }

  test("nor does an argument of the author's own", () => {
    const text = 'sum(rate(http_requests_total{ {{labels}}, path="{{path}}"}[{{window}}]))'
    const ask = (path: string): string => queryIn(asked({ query: written(text, { path }) }))
    expect(ask('/checkout')).toContain('path="/checkout"')
    fc.assert(
      fc.property(anyText, (path) => {
        expect(matchersOf(ask(path))).toEqual(matchersOf(ask('/checkout')))
      }),
    )
  })

  test('nor does one that takes the name of another', () => {
    const query = written('up{a="{{rollout}}"}', { rollout: 'mine' })
    expect(queryIn(asked({ query }))).toBe('up{a="shop"}')
  })
})

describe('asking', () => {
  test('names stand in the query as they are', () => {
    const query = written('sum(up{ {{labels}} }[{{window}}]) < {{fresh}}')
    expect(queryIn(asked({ query, windowMs: 120_000 }, { windowMs: 12_400 }))).toBe(
      'sum(up{ namespace="default", rollout="shop", revision="r2" }[12s]) < 90',
    )
  })

  test('half a character in a query is replaced', () => {
    expect(queryIn(asked({ query: written('up{a="\ud800"}') }))).toBe('up{a="\ufffd"}')
  })

  test('a window is never empty', () =>
    expect(queryIn(asked({ query: written('up[{{window}}]') }, { windowMs: 1 }))).toBe('up[1s]'))

  test('goes to the query endpoint, for the instant it stands for, with limits', () => {
    for (const address of ['http://p:9090', 'http://p:9090/', 'http://p:9090//']) {
      const question = {
        metric: metric(),
        part: 'value',
        subject: plain,
        windowMs: 1000,
        at,
      } as const
      const ask = prometheus.ask({ ...ref, address }, question)
      const { origin, pathname, searchParams, hash } = new URL(ask.url)
      expect([origin, pathname, hash]).toEqual(['http://p:9090', '/api/v1/query', ''])
      expect([...searchParams.keys()]).toEqual(['query', 'time'])
      expect(searchParams.get('time')).toBe('1795000000.123')
      expect([ask.method, ask.timeoutMs, ask.maxBytes]).toEqual(['GET', 10_000, 1_048_576])
    }
  })

  test('a range goes to its endpoint, over the window, each point looking back one step', () => {
    const range = { stepMs: 15_000, reduce: 'max' } as const
    const ask = asked({ range, query: written('up[{{window}}]') })
    const { pathname, searchParams } = new URL(ask.url)
    expect(pathname).toBe('/api/v1/query_range')
    expect(Object.fromEntries(searchParams)).toEqual({
      query: 'up[15s]',
      start: '1794999955.123',
      end: '1795000000.123',
      step: '15.000',
    })
  })

  test('a range over less than a step is one point, which looks back no further than that', () => {
    const range = { stepMs: 15_000, reduce: 'max' } as const
    const query = written('up[{{window}}]')
    const { searchParams } = new URL(asked({ range, query }, { windowMs: 5000 }).url)
    expect(searchParams.get('start')).toBe(searchParams.get('end'))
    expect(searchParams.get('query')).toBe('up[5s]')
  })

  test('the number of requests is asked for one instant, also beside a range', () => {
    const range = { stepMs: 15_000, reduce: 'max' } as const
    const { url } = asked({ range }, { part: 'count' })
    expect(new URL(url).pathname).toBe('/api/v1/query')
    expect(queryIn(asked({ range }, { part: 'count' }))).toContain('[60s]')
  })

  test('an address may have a path of its own', () => {
    const question = {
      metric: metric(),
      part: 'value',
      subject: plain,
      windowMs: 1000,
      at,
    } as const
    const { url } = prometheus.ask({ ...ref, address: 'https://p/prom/' }, question)
    expect(new URL(url).pathname).toBe('/prom/api/v1/query')
  })

  test('headers go along; of a secret only its name does', () => {
    const provider = {
      ...ref,
      headers: { 'x-scope-orgid': 'team' },
      secret: 'prom',
      caBundle: 'PEM',
    }
    const question = {
      metric: metric(),
      part: 'value',
      subject: plain,
      windowMs: 1000,
      at,
    } as const
    expect(prometheus.ask(provider, question)).toMatchObject({
      headers: { 'x-scope-orgid': 'team', accept: 'application/json' },
      secret: { namespace: 'default', name: 'prom' },
      caBundle: 'PEM',
    })
  })
})

const known = 'labels, window, fresh, namespace, rollout, revision, service, role'

describe('problems', () => {
  const rows: readonly (readonly [string, MetricQuery, string | undefined])[] = [
    [
      'a template that is known',
      { kind: 'template', template: 'latency-p99', source: 'istio' },
      undefined,
    ],
    ['a text without arguments', written('up'), undefined],
    [
      'a text with all of them',
      written('up{ {{labels}}, a="{{service}}{{own}}" }[{{window}}] < {{fresh}}', { own: 'x' }),
      undefined,
    ],
    [
      'a template that is not',
      { kind: 'template', template: 'errors', source: 'app' },
      `metric errors names an unknown template; known ones are ${templateNames.join(', ')}`,
    ],
    [
      'a name that every object has',
      { kind: 'template', template: 'constructor', source: 'app' },
      `metric errors names an unknown template; known ones are ${templateNames.join(', ')}`,
    ],
    [
      'an unknown argument',
      written('up{a="{{pod}}"}'),
      `metric errors uses the unknown argument {{pod}}; known ones are ${known}`,
    ],
    [
      'an argument that every object has',
      written('{{constructor}}'),
      `metric errors uses the unknown argument {{constructor}}; known ones are ${known}`,
    ],
    [
      'a name outside of quotes',
      written('up{a={{rollout}}}'),
      'metric errors has {{rollout}} outside of quotes; write it within, like x="{{rollout}}"',
    ],
    [
      'a window within quotes',
      written('up{a="{{window}}"}'),
      'metric errors has {{window}} within quotes; write it without',
    ],
    [
      'a backquote between backquotes',
      written('up{a=`{{own}}`}', { own: 'a`b' }),
      'metric errors puts a backquote between backquotes by {{own}}; quote it with "',
    ],
    [
      'an argument of a name that is taken',
      written('up', { service: 'x' }),
      'metric errors has the argument service, which is filled in anyway; choose another name',
    ],
  ]
  for (const [name, query, problem] of rows)
    test(`of ${name}: ${problem === undefined ? 'none' : 'told'}`, () =>
      expect(prometheus.problem(metric({ query }))).toBe(problem))

  test('a number of requests needs a query that counts them', () => {
    expect(prometheus.problem(metric({ minSamples: 5 }))).toBeUndefined()
    expect(prometheus.problem(metric({ minSamples: 5, query: written('up') }))).toBe(
      'metric errors has minSamples but no countQuery; write one that counts its requests',
    )
    const counted = { ...written('up'), count: 'sum({{nobody}})' } as MetricQuery
    expect(prometheus.problem(metric({ query: counted }))).toContain('unknown argument {{nobody}}')
  })

  test('every built-in query is PromQL, and every provider of the register can say what is wrong', () => {
    for (const source of metricSources)
      for (const template of templateNames)
        for (const part of ['value', 'count'] as const) {
          const changes = { query: { kind: 'template', template, source } } as const
          expect(queryOf(metric(changes), part)).toBeDefined()
          expect(matchersOf(queryIn(asked(changes, { part }))).length).toBeGreaterThan(0)
        }
    for (const provider of Object.values(metricProviders))
      expect(provider.problem(metric())).toBeUndefined()
  })
})

test('the role of whoever is asked about is an argument, unless the author has one of that name', () => {
  const text = 'up{revision="{{role}}"}'
  const asked = (own: Readonly<Record<string, string>>): string => {
    const query = { kind: 'text', text, count: undefined, arguments: own } as const
    const question = { metric: metric({ query }), part: 'value', windowMs: 1000, at } as const
    const { url } = prometheus.ask(ref, { ...question, subject: plain })
    return new URL(url).searchParams.get('query') ?? ''
  }
  expect(asked({})).toBe('up{revision="canary"}')
  expect(asked({ role: 'mine' })).toBe('up{revision="mine"}')
})
