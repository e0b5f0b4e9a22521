/** Questions that nobody can bend, and a reader that trusts nothing. */
import { parser } from '@prometheus-io/lezer-promql'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { metric } from '#test/gen/metric.ts'
import type { Labels } from '../k8s/meta.ts'
import { prometheus, templates } from './prometheus.ts'
import type { HttpAnswer, Reading } from './provider.ts'
import { metricProviders } from './register.ts'

const ok = (result: unknown, resultType = 'vector'): HttpAnswer => ({
  kind: 'answer',
  status: 200,
  body: JSON.stringify({ status: 'success', data: { resultType, result } }),
})
const one = (value: unknown): HttpAnswer => ok([{ metric: {}, value: [1, value] }])
const raw = (body: string, status = 200): HttpAnswer => ({ kind: 'answer', status, body })
const refused = (type: unknown, status = 422): HttpAnswer =>
  raw(JSON.stringify({ status: 'error', errorType: type, error: 'CANARY' }), status)

const errorWith = (message: string): Reading => ({ kind: 'error', message })
const noNumber = errorWith('the value is not a finite number')
const noValue = errorWith('Prometheus answered without a value')
const noVector = errorWith('Prometheus did not answer with a vector or a scalar')

describe('reading an answer', () => {
  const values = [
    ['a whole number', one('5'), 5],
    ['a fraction', one('0.25'), 0.25],
    ['a negative number', one('-3'), -3],
    ['an exponent', one('1.5e-07'), 1.5e-7],
    ['zero', one('0'), 0],
    ['a scalar', ok([1, '7'], 'scalar'), 7],
    [
      'warnings beside it',
      raw(
        '{"status":"success","warnings":["w"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}',
      ),
      2,
    ],
  ] as const
  for (const [name, answer, value] of values)
    test(`takes ${name}`, () => expect(prometheus.read(answer)).toEqual({ kind: 'value', value }))

  const missing = [
    ['an empty vector', ok([]), 'the query matched no series'],
    ['NaN', one('NaN'), 'the value is not a number (NaN): nothing to divide by'],
  ] as const
  for (const [name, answer, message] of missing)
    test(`finds no data in ${name}`, () =>
      expect(prometheus.read(answer)).toEqual({ kind: 'noData', message }))

  const several = 'the query matched 2 series; aggregate them to one, for example with sum()'
  const errors = [
    ['+Inf', one('+Inf'), noNumber],
    ['-Inf', one('-Inf'), noNumber],
    ['Infinity', one('Infinity'), noNumber],
    ['a number too large', one('1e999'), noNumber],
    ['a text', one('CANARY'), noNumber],
    ['an empty text', one(''), noNumber],
    ['blanks', one('  '), noNumber],
    ['a hexadecimal number', one('0x10'), noNumber],
    ['a number that is no text', one(5), noValue],
    ['a value of null', one(null), noValue],
    ['a missing value', ok([{ metric: {} }]), noValue],
    ['a histogram', ok([{ metric: {}, histogram: [1, {}] }]), noValue],
    ['a series of null', ok([null]), noValue],
    ['a value that is no pair', ok([{ value: 'CANARY' }]), noValue],
    ['several series', ok([{}, {}]), errorWith(several)],
    ['a matrix', ok([{ values: [] }], 'matrix'), noVector],
    ['a string', ok([1, 'CANARY'], 'string'), noVector],
    ['a vector that is no list', ok({ CANARY: 1 }), noVector],
    ['no data member', raw('{"status":"success"}'), noVector],
    ['a list for data', raw('{"status":"success","data":[]}'), noVector],
    ['status error', refused('bad_data'), errorWith('Prometheus answered 422 (bad_data)')],
    [
      'status error with code 200',
      refused('execution', 200),
      errorWith('Prometheus answered 200 (execution)'),
    ],
    ['an error type that is not its own', refused('CANARY'), errorWith('Prometheus answered 422')],
    [
      'an error type that is no text',
      refused({ a: 'CANARY' }),
      errorWith('Prometheus answered 422'),
    ],
    ['success with code 503', { ...one('1'), status: 503 }, errorWith('Prometheus answered 503')],
    ['an HTML page', raw('<html>CANARY</html>'), errorWith('Prometheus answered 200')],
    ['an empty body', raw(''), errorWith('Prometheus answered 200')],
    ['null', raw('null'), errorWith('Prometheus answered 200')],
    ['a list', raw('["CANARY"]'), errorWith('Prometheus answered 200')],
    [
      'a JSON text cut off',
      raw('{"status":"success","data":{"CANARY'),
      errorWith('Prometheus answered 200'),
    ],
    [
      'a time out',
      { kind: 'failed', message: 'no answer within 10s' },
      errorWith('no answer within 10s'),
    ],
    [
      'more than it may be',
      { kind: 'failed', message: 'more than 1 MiB' },
      errorWith('more than 1 MiB'),
    ],
  ] as const
  for (const [name, answer, reading] of errors)
    test(`makes an error of ${name}`, () =>
      expect(prometheus.read(answer as HttpAnswer)).toEqual(reading))

  test('no answer breaks the reader, and no part of a body is repeated', () => {
    const leaf = fc.constantFrom<unknown>(
      'CANARY',
      'success',
      'error',
      'vector',
      'NaN',
      1,
      null,
      [],
    )
    const shape = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom('status', 'data', 'resultType', 'result', 'value', 'errorType', 'CANARY'),
          tie('node'),
        ),
      ),
    })).node
    fc.assert(
      fc.property(shape, fc.nat(600), (value, status) => {
        const reading = prometheus.read(raw(JSON.stringify(value), status))
        expect(JSON.stringify(reading)).not.toContain('CANARY')
        if (reading.kind === 'value') expect(Number.isFinite(reading.value)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

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

function ask(text: string | undefined, labels: Labels, windowMs = 60_000): string {
  const query = text === undefined ? metric().query : ({ kind: 'text', text } as const)
  const question = { metric: metric({ query }), labels, windowMs, at: 1_795_000_000_123 }
  const { url } = prometheus.ask('http://prometheus:9090/', question)
  return new URL(url).searchParams.get('query') ?? ''
}

const plain = { namespace: 'default', rollout: 'shop', revision: 'r2' }
const nasty = [
  'a"} or vector(1) or up{x="',
  "a'} or vector(1) or up{x='",
  'a`} or vector(1) or up{x=`',
  'a\\',
  'a\\"',
  'a\nb',
  'a\u2028b',
  '{{window}}',
  '{{labels}}',
  '$&$1',
  '}',
  ')',
  '#',
  '',
]

describe('asking', () => {
  const queries = [
    ...Object.entries(templates),
    ['a text with double quotes', 'sum(up{ns="{{namespace}}",a="{{rollout}}",r="{{revision}}"})'],
    ['a text with single quotes', "sum(up{ns='{{namespace}}',a='{{rollout}}',r='{{revision}}'})"],
    ['a text with back quotes', 'sum(up{ns=`{{namespace}}`,a=`{{rollout}}`,r=`{{revision}}`})'],
    ['a text with all labels', 'sum(rate(up{ {{labels}}, a="b" }[{{window}}]))'],
  ] as const

  for (const [name, text] of queries) {
    const known = matchersOf(ask(text, plain))

    test(`${name}: odd names leave the matchers as they are`, () => {
      for (const value of nasty)
        for (const label of Object.keys(plain))
          expect(matchersOf(ask(text, { ...plain, [label]: value }))).toEqual(known)
    })

    test(`${name}: so do any other names`, () => {
      const text16 = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.constantFrom('"', "'", '`', '\\', '{', '}', '\n', 'x', '=', ',') }),
      )
      fc.assert(
        fc.property(text16, text16, (namespace, rollout) => {
          expect(matchersOf(ask(text, { namespace, rollout, revision: 'r2' }))).toEqual(known)
        }),
      )
    })
  }

  test('names stand in the query as they are', () => {
    expect(ask('sum(up{ {{labels}} }[{{window}}])', plain, 12_400)).toBe(
      'sum(up{ namespace="default", rollout="shop", revision="r2" }[12s])',
    )
  })

  test('half a character in a query is replaced', () => {
    expect(ask('up{a="\ud800"}', plain)).toBe('up{a="\ufffd"}')
  })

  test('a window is never empty', () => expect(ask('up[{{window}}]', plain, 1)).toBe('up[1s]'))

  test('goes to the query endpoint, for the instant it stands for, with limits', () => {
    const question = { metric: metric(), labels: plain, windowMs: 1000, at: 1_795_000_000_123 }
    for (const address of ['http://p:9090', 'http://p:9090/', 'http://p:9090//']) {
      const asked = prometheus.ask(address, question)
      const { origin, pathname, searchParams, hash } = new URL(asked.url)
      expect([origin, pathname, hash]).toEqual(['http://p:9090', '/api/v1/query', ''])
      expect([...searchParams.keys()]).toEqual(['query', 'time'])
      expect(searchParams.get('time')).toBe('1795000000.123')
      expect([asked.method, asked.timeoutMs, asked.maxBytes]).toEqual(['GET', 10_000, 1_048_576])
    }
  })

  test('an address may have a path of its own', () => {
    const question = { metric: metric(), labels: plain, windowMs: 1000, at: 0 }
    expect(new URL(prometheus.ask('https://p/prom/', question).url).pathname).toBe(
      '/prom/api/v1/query',
    )
  })
})

describe('problems', () => {
  const rows = [
    ['a template that is known', { kind: 'template', template: 'latency-p99' }, undefined],
    ['a text without arguments', { kind: 'text', text: 'up' }, undefined],
    [
      'a template that is not',
      { kind: 'template', template: 'errors' },
      'metric errors names an unknown template; known ones are error-rate, success-rate, latency-p50, latency-p95, latency-p99',
    ],
    [
      'a name that every object has',
      { kind: 'template', template: 'constructor' },
      'metric errors names an unknown template; known ones are error-rate, success-rate, latency-p50, latency-p95, latency-p99',
    ],
    [
      'an unknown argument',
      { kind: 'text', text: 'up{a="{{pod}}"}' },
      'metric errors uses the unknown argument {{pod}}; known ones are labels, window, namespace, rollout, revision',
    ],
    [
      'an argument that every object has',
      { kind: 'text', text: '{{constructor}}' },
      'metric errors uses the unknown argument {{constructor}}; known ones are labels, window, namespace, rollout, revision',
    ],
  ] as const
  for (const [name, query, problem] of rows)
    test(`of ${name}: ${problem === undefined ? 'none' : 'told'}`, () =>
      expect(prometheus.problem(metric({ query }))).toBe(problem))

  test('every built-in query is PromQL, and every provider of the register can say what is wrong', () => {
    for (const text of Object.values(templates))
      expect(matchersOf(ask(text, plain)).length).toBeGreaterThan(0)
    for (const provider of Object.values(metricProviders))
      expect(provider.problem(metric())).toBeUndefined()
  })
})
