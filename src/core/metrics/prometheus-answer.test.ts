/** What an answer is worth: the whole table of what a provider may do wrong. None of it is ever a value. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { metric } from '#test/gen/metric.ts'
import type { HttpAnswer } from '../http-ask.ts'
import type { MetricRange, Reducer } from '../model/analysis.ts'
import { prometheus } from './prometheus.ts'
import type { Reading } from './provider.ts'

/** The instant that is asked for, in seconds. */
const at = 1_795_000_000

const ok = (result: unknown, resultType = 'vector'): HttpAnswer => ({
  kind: 'answer',
  status: 200,
  body: JSON.stringify({ status: 'success', data: { resultType, result } }),
})
const one = (value: unknown): HttpAnswer => ok([{ metric: {}, value: [at, value] }])
const at1 = (time: number, value: string): HttpAnswer => ok([{ metric: {}, value: [time, value] }])
const stale = 'the sample is stale: it is off the time asked for by '
const raw = (body: string, status = 200): HttpAnswer => ({ kind: 'answer', status, body })
const refused = (type: unknown, status = 422): HttpAnswer =>
  raw(JSON.stringify({ status: 'error', errorType: type, error: 'CANARY' }), status)

const errorWith = (message: string): Reading => ({ kind: 'error', message })
const noNumber = errorWith('the value is not a finite number')
const noValue = errorWith('Prometheus answered without a value')
const noTime = errorWith('Prometheus answered without a time')
const noVector = errorWith('Prometheus did not answer with a vector or a scalar')

const several = 'the query matched 2 series; aggregate them to one, for example with sum()'

function read(answer: HttpAnswer): Reading {
  return prometheus.read(answer, { metric: metric(), part: 'value', at: at * 1000 })
}

describe('reading an answer', () => {
  const values = [
    ['a whole number', one('5'), 5],
    ['a fraction', one('0.25'), 0.25],
    ['a negative number', one('-3'), -3],
    ['an exponent', one('1.5e-07'), 1.5e-7],
    ['zero', one('0'), 0],
    ['a scalar', ok([at, '7'], 'scalar'), 7],
    [
      'warnings beside it',
      raw(
        '{"status":"success","warnings":["w"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1795000000,"2"]}]}}',
      ),
      2,
    ],
  ] as const
  for (const [name, answer, value] of values)
    test(`takes ${name}`, () => expect(read(answer)).toEqual({ kind: 'value', value }))

  const missing = [
    ['an empty vector', ok([]), 'the query matched no series'],
    ['NaN', one('NaN'), 'the value is not a number (NaN): nothing to divide by'],
    ['a stale sample', at1(at - 95, '0'), `${stale}1m35s`],
    ['a sample of the future', at1(at + 3600, '0'), `${stale}1h`],
    ['a stale scalar', ok([at - 11, '0'], 'scalar'), `${stale}11s`],
    ['NaN that is stale besides', at1(0, 'NaN'), `${stale}20775d11h6m40s`],
  ] as const
  for (const [name, answer, message] of missing)
    test(`finds no data in ${name}`, () =>
      expect(read(answer)).toEqual({ kind: 'noData', message }))

  const errors = [
    ['+Inf', one('+Inf'), noNumber],
    ['-Inf', one('-Inf'), noNumber],
    ['Infinity', one('Infinity'), noNumber],
    ['a number too large', one('1e999'), noNumber],
    ['a text', one('CANARY'), noNumber],
    ['NaN in other letters', one('nan'), noNumber],
    ['an empty text', one(''), noNumber],
    ['blanks', one('  '), noNumber],
    ['a hexadecimal number', one('0x10'), noNumber],
    ['a number that is no text', one(5), noValue],
    ['a value of null', one(null), noValue],
    ['a missing value', ok([{ metric: {} }]), noValue],
    ['a histogram', ok([{ metric: {}, histogram: [at, {}] }]), noValue],
    ['a series of null', ok([null]), noValue],
    ['a value that is no pair', ok([{ value: 'CANARY' }]), noValue],
    ['several series', ok([{}, {}]), errorWith(several)],
    ['a value without a time', ok([{ value: [null, '5'] }]), noTime],
    ['a time that is a text', ok([{ value: [String(at), '5'] }]), noTime],
    ['a matrix', ok([{ values: [] }], 'matrix'), noVector],
    ['a string', ok([at, 'CANARY'], 'string'), noVector],
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
    test(`makes an error of ${name}`, () => expect(read(answer as HttpAnswer)).toEqual(reading))

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
        const reading = read(raw(JSON.stringify(value), status))
        expect(JSON.stringify(reading)).not.toContain('CANARY')
        if (reading.kind === 'value') expect(Number.isFinite(reading.value)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('reading a range', () => {
  const stepMs = 15_000
  const points = (...values: readonly (string | null)[]): readonly unknown[] =>
    values.map((value, index) => [at - (values.length - 1 - index) * 15, value])
  const matrix = (...series: readonly (readonly unknown[])[]): HttpAnswer =>
    ok(
      series.map((values) => ({ metric: {}, values })),
      'matrix',
    )
  const ranged = (answer: HttpAnswer, reduce: Reducer = 'last'): Reading => {
    const range: MetricRange = { stepMs, reduce }
    return prometheus.read(answer, { metric: metric({ range }), part: 'value', at: at * 1000 })
  }

  const reduced = [
    ['last', ['1', '5', '3'], 3],
    ['mean', ['1', '5', '3'], 3],
    ['min', ['4', '1', '3'], 1],
    ['max', ['1', '5', '3'], 5],
    ['sum', ['1', '5', '3'], 9],
    ['max', ['1', 'NaN', '3'], 3],
    ['mean', ['1', 'NaN', 'NaN'], 1],
  ] as const
  for (const [reduce, values, value] of reduced)
    test(`${reduce} of ${values.join(', ')} is ${value}`, () =>
      expect(ranged(matrix(points(...values)), reduce)).toEqual({ kind: 'value', value }))

  const nothing: readonly (readonly [string, HttpAnswer, Reducer, string])[] = [
    ['no series', matrix(), 'max', 'the query matched no series'],
    [
      'a row of NaN',
      matrix(points('NaN', 'NaN')),
      'max',
      'the value is not a number (NaN): nothing to divide by',
    ],
    [
      'a last value of NaN',
      matrix(points('1', 'NaN')),
      'last',
      'the value is not a number (NaN): nothing to divide by',
    ],
    [
      'a row that ended',
      matrix([
        [at - 60, '1'],
        [at - 45, '1'],
      ]),
      'max',
      `${stale}45s`,
    ],
    ['a row that ended, by its last', matrix([[at - 31, '1']]), 'last', `${stale}31s`],
  ]
  for (const [name, answer, reduce, message] of nothing)
    test(`finds no data in ${name}`, () =>
      expect(ranged(answer, reduce)).toEqual({ kind: 'noData', message }))

  const broken: readonly (readonly [string, HttpAnswer, Reducer, Reading])[] = [
    ['an infinite point among good ones', matrix(points('1', '+Inf', '3')), 'last', noNumber],
    ['a text among good ones', matrix(points('1', 'CANARY', '3')), 'max', noNumber],
    ['a null among good ones', matrix(points('1', null, '3')), 'max', noValue],
    ['a row without points', matrix([]), 'max', noValue],
    ['points that are none', ok([{ metric: {}, values: 'CANARY' }], 'matrix'), 'max', noValue],
    ['several series', matrix(points('1'), points('1')), 'max', errorWith(several)],
    ['a vector', one('5'), 'max', errorWith('Prometheus did not answer with a matrix')],
    ['a sum beyond all numbers', matrix(points('1e308', '1e308')), 'sum', noNumber],
    ['an outage', { kind: 'failed', message: 'no answer' }, 'max', errorWith('no answer')],
  ]
  for (const [name, answer, reduce, reading] of broken)
    test(`makes an error of ${name}`, () => expect(ranged(answer, reduce)).toEqual(reading))

  test('the last point may fall up to two steps before the end', () => {
    expect(ranged(matrix([[at - 30, '7']]))).toEqual({ kind: 'value', value: 7 })
  })

  test('the number of requests is one number also beside a range', () => {
    const range: MetricRange = { stepMs, reduce: 'max' }
    const asked = { metric: metric({ range }), part: 'count', at: at * 1000 } as const
    expect(prometheus.read(one('12'), asked)).toEqual({ kind: 'value', value: 12 })
  })
})

describe('a metric that counts series', () => {
  const counting = metric({ counts: 'series', max: 0 })
  const counted = (answer: HttpAnswer): Reading =>
    prometheus.read(answer, { metric: counting, part: 'value', at: at * 1000 })

  test.each([
    ['none: an empty vector', ok([]), 0],
    ['none: an empty matrix', ok([], 'matrix'), 0],
    ['one', one('1'), 1],
    ['several, whatever they say', ok([{ value: [at, 'NaN'] }, { value: [at, '+Inf'] }]), 2],
    ['rows of points', ok([{ values: [[at, '1']] }], 'matrix'), 1],
  ])('takes %s', (_name, answer, value) =>
    expect(counted(answer)).toEqual({ kind: 'value', value }),
  )

  test.each([
    ['an outage', { kind: 'failed', message: 'refused' } as const, 'refused'],
    ['an error with 200', refused('timeout', 200), 'Prometheus answered 200 (timeout)'],
    ['a scalar', ok([at, '7'], 'scalar'), 'Prometheus did not answer with series'],
    ['no list', ok({}), 'Prometheus did not answer with series'],
    ['no JSON', raw('<html>'), 'Prometheus answered 200'],
  ])('does not take %s for an empty answer', (_name, answer, message) =>
    expect(counted(answer)).toEqual(errorWith(message)),
  )

  test('counts requests as any other does', () => {
    const asked = { metric: counting, part: 'count', at: at * 1000 } as const
    expect(prometheus.read(ok([]), asked).kind).toBe('noData')
  })
})
