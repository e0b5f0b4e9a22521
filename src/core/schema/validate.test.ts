import { expect, test } from 'vitest'
import { applyDefaults } from './defaults.ts'
import { hasFormat } from './formats.ts'
import type { Obj } from './json.ts'
import { prune } from './prune.ts'
import type { Schema } from './schema.ts'
import { validateSchema } from './validate.ts'

const formats: [string, string[], string[]][] = [
  [
    'date-time',
    ['2026-02-28T00:00:00Z', '2024-02-29T23:59:59.5+01:00'],
    ['2026-02-29T00:00:00Z', 'noon', '2026-01-01'],
  ],
  ['date', ['2026-12-31'], ['2026-13-01']],
  ['duration', ['5s', '1h30m', '10 days'], ['fast', '5']],
  ['ipv4', ['10.0.0.1'], ['10.0.0.256', '10.0.0']],
  ['ipv6', ['::1', 'fe80::1:2', '::ffff:10.0.0.1'], ['1::2::3', 'g::', '1:2:3']],
  ['cidr', ['10.0.0.0/8', '::/0'], ['10.0.0.0/33', '10.0.0.0']],
  ['email', ['a@example.com'], ['a', 'a b@example.com']],
  ['uuid', ['0a8ba0d3-71e7-4f70-a95d-f54f6f63b1ad'], ['0a8ba0d3']],
  ['byte', ['aGVsbG8='], ['a']],
  ['not-known', ['anything'], []],
]
for (const [format, good, bad] of formats) {
  test(`knows ${format}`, () => {
    expect(good.filter((text) => !hasFormat(format, text))).toEqual([])
    expect(bad.filter((text) => hasFormat(format, text))).toEqual([])
  })
}

const schema: Schema = {
  type: 'object',
  properties: {
    count: { type: 'integer', default: 1, exclusiveMaximum: true, maximum: 10, multipleOf: 2 },
    mode: { type: 'string', nullable: true },
    choice: {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
    },
    list: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', properties: { n: { type: 'number', default: 2 } } },
    },
    map: { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 1 },
  },
}

const faults: [string, Obj, string[]][] = [
  ['nothing wrong', { count: 2, mode: null, choice: { a: 'x' }, list: [{}], map: { x: 'y' } }, []],
  ['bounds', { count: 10 }, ['count: Invalid value: 10: count in body should be less than 10']],
  ['factors', { count: 3 }, ['count: Invalid value: 3: count in body should be a multiple of 2']],
  [
    'null',
    { count: null },
    ['count: Invalid value: "null": count in body must be of type integer: "null"'],
  ],
  ['too few', { list: [] }, ['list: Invalid value: 0: list in body should have at least 1 items']],
  ['too many', { map: { a: 'x', b: 'y' } }, ['map: Too many: 2: must have at most 1 item']],
  [
    'values of maps',
    { map: { a: 1 } },
    ['map.a: Invalid value: "integer": map.a in body must be of type string: "integer"'],
  ],
  [
    'none of several',
    { choice: {} },
    [
      '<nil>: Invalid value: "": "choice" must validate one and only one schema (oneOf). Found none valid',
      'choice.a: Required value',
    ],
  ],
  [
    'more than one',
    { choice: { a: 'x', b: 'y' } },
    [
      '<nil>: Invalid value: "": "choice" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  ],
]
for (const [name, object, problems] of faults) {
  test(`finds ${name}`, () => {
    const found = validateSchema(schema, object).map(({ field, message }) => `${field}: ${message}`)
    expect(found).toEqual(problems)
  })
}

test('what an update left alone is passed over', () => {
  expect(validateSchema(schema, { count: 3, mode: 'a' }, { count: 3 })).toEqual([])
})

test('defaults reach into lists, unknown fields go and are named', () => {
  const unknown: string[] = []
  const object = prune(schema, { list: [{ x: 1 }], what: 1, metadata: { name: 'a' } }, unknown)
  applyDefaults(schema, object)
  expect(object).toEqual({ count: 1, list: [{ n: 2 }], metadata: { name: 'a' } })
  expect(unknown).toEqual(['list[0].x', 'what'])
})
