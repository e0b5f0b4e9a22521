/** What a definition's schema must not say, in the words of the real server. */
import { expect, test } from 'vitest'
import type { Obj } from '#core/schema/json.ts'
import { defaultProblems } from './schema-defaults.ts'
import { structuralProblems } from './structural.ts'

const at = 'schema'
const object = (properties: Obj, more: Obj = {}): Obj => ({ type: 'object', properties, ...more })
const told = (problems: readonly { field: string; message: string }[]): string[] =>
  problems.map(({ field, message }) => `${field}: ${message}`)

const good: readonly (readonly [string, Obj])[] = [
  ['types at all levels', object({ spec: object({ a: { type: 'string' } }) })],
  ['a list with items', object({ a: { type: 'array', items: { type: 'string' } } })],
  ['int-or-string without a type', object({ a: { 'x-kubernetes-int-or-string': true } })],
  [
    'int-or-string with the two types it stands for',
    object({
      a: {
        'x-kubernetes-int-or-string': true,
        anyOf: [{ type: 'integer' }, { type: 'string' }],
      },
    }),
  ],
  ['free fields', object({ a: { 'x-kubernetes-preserve-unknown-fields': true } })],
  ['a name that is limited', object({ metadata: object({ name: { type: 'string' } }) })],
  [
    'conditions about what is described',
    object({ a: { type: 'string' } }, { anyOf: [{ required: ['a'] }] }),
  ],
]

test.for(good)('good: %s', ([, schema]) => {
  expect(told(structuralProblems(schema, at))).toEqual([])
})

const wrong: readonly (readonly [string, Obj, string])[] = [
  ['no type at the root', { properties: {} }, 'schema.type: Required value: must not be empty'],
  [
    'a list at the root',
    { type: 'array', items: { type: 'string' } },
    'must be object at the root',
  ],
  ['a field without a type', object({ a: {} }), 'must not be empty for specified object fields'],
  ['a list without items', object({ a: { type: 'array' } }), 'a].items: Required value'],
  [
    'any field at the root',
    { type: 'object', additionalProperties: { type: 'string' } },
    'must not be used at the root',
  ],
  [
    'a type inside of a condition',
    object({ a: { type: 'string' } }, { allOf: [{ properties: { a: { type: 'string' } } }] }),
    'must be empty to be structural',
  ],
  [
    'a condition about what nobody describes',
    object({}, { anyOf: [{ properties: { a: { minLength: 1 } } }] }),
    'because it is defined in schema.anyOf[0].properties[a]',
  ],
  [
    'two meanings at once',
    object({
      a: {
        'x-kubernetes-int-or-string': true,
        'x-kubernetes-preserve-unknown-fields': true,
      },
    }),
    'must be false if x-kubernetes-int-or-string is true',
  ],
  [
    'labels that are limited',
    object({ metadata: object({ labels: { type: 'object' } }) }),
    'must not specify anything other',
  ],
  [
    'a pattern that is none',
    object({ a: { type: 'string', pattern: '(' } }),
    'must be a valid regular expression',
  ],
  ['a kind that is a number', object({ kind: { type: 'integer' } }), 'must be string'],
]

test.for(wrong)('wrong: %s', ([, schema, says]) => {
  const problems = told(structuralProblems(schema, at))
  expect(problems.join('\n')).toContain(says)
})

const defaults: readonly (readonly [string, Obj, readonly string[]])[] = [
  ['one that fits', object({ a: { type: 'integer', default: 3 } }), []],
  [
    'one of another type',
    object({ a: { type: 'integer', default: 'x' } }),
    ['schema.properties[a].default'],
  ],
  [
    'one with a field too many',
    object({ a: object({ b: { type: 'string' } }, { default: { c: 'x' } }) }),
    ['schema.properties[a].default'],
  ],
  [
    'one that breaks a rule of its own',
    object({
      a: { type: 'integer', default: 0, 'x-kubernetes-validations': [{ rule: 'self > 0' }] },
    }),
    ['schema.properties[a].default'],
  ],
]

test.for(defaults)('defaults: %s', ([, schema, fields]) => {
  expect(defaultProblems(schema, at).map(({ field }) => field)).toEqual(fields)
})
