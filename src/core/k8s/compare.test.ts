/** Recognising what somebody wrote in what a server made of it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contained, quantity } from './compare.ts'

const limit = (cpu: unknown): unknown => ({ resources: { limits: { cpu } } })
const variable = (text: unknown): unknown => ({ env: [{ name: 'A', value: text }] })

describe('contained', () => {
  const same = [
    ['a default the server added', { a: 1 }, { a: 1, b: 2 }],
    ['an empty object the server dropped', { a: 1, b: {} }, { a: 1 }],
    ['an empty list the server dropped', { b: [] }, {}],
    ['null for absent', { a: null }, {}],
    ['absent for null', {}, { a: null }],
    ['the order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }],
    ['a respelt amount', limit('0.5'), limit('500m')],
    ['an amount as a number', limit(1), limit('1')],
    ['an amount that begins with a point', limit('.5'), limit('500m')],
    ['an amount that binary fractions cannot say', limit('1.005'), limit('1005m')],
    ['an amount with an exponent', limit('1e3'), limit('1k')],
    ['a size', { sizeLimit: '1Gi' }, { sizeLimit: '1024Mi' }],
  ] as const
  for (const [name, part, whole] of same)
    test(`overlooks ${name}`, () => expect(contained(part, whole)).toBe(true))

  const different = [
    ['another value', { a: 1 }, { a: 2 }],
    ['a field the other lacks', { a: 1, b: 2 }, { a: 1 }],
    ['a false the other lacks', { a: false }, {}],
    ['a longer list', [1, 2], [1]],
    ['a shorter list', [1], [1, 2]],
    ['another order of a list', [1, 2], [2, 1]],
    ['a list for an object', { a: [1] }, { a: { 0: 1 } }],
    ['an object for a list', { a: { length: 0, b: 1 } }, { a: [] }],
    ['a text for an object', { a: { b: 1 } }, { a: 'b' }],
    ['another amount', limit('500m'), limit('501m')],
    ['versions that are equal numbers', { image: '1.10' }, { image: '1.1' }],
    ['an environment value that is an equal amount', variable('1k'), variable('1000')],
    ['a flag that is an equal amount', { args: ['1Gi'] }, { args: ['1024Mi'] }],
    ['a label that is an equal amount', { labels: { v: '1k' } }, { labels: { v: '1000' } }],
    ['a selector that selects all', { labelSelector: {} }, {}],
    ['a key of Object itself', { constructor: 'a' }, {}],
  ] as const
  for (const [name, part, whole] of different)
    test(`sees ${name}`, () => expect(contained(part, whole)).toBe(false))

  test('everything is contained in itself, and in itself with more members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (value, key) => {
        expect(contained(value, value)).toBe(true)
        if (!Object.hasOwn(value, key)) expect(contained(value, { ...value, [key]: 7 })).toBe(true)
      }),
    )
  })

  test('nothing is contained in what lacks one of its members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.constantFrom(1, 'a', true)), (value) => {
        for (const [key] of Object.entries(value)) {
          const { [key]: _gone, ...rest } = value
          expect(contained(value, rest)).toBe(false)
        }
      }),
    )
  })
})

describe('quantity', () => {
  const rows = [
    ['0.5', 0.5],
    ['.5', 0.5],
    ['5.', 5],
    ['500m', 0.5],
    ['1005m', 1.005],
    ['1k', 1000],
    ['1Ki', 1024],
    ['1E', 1e18],
    ['1e3', 1000],
    ['1E3', 1000],
    ['-1', -1],
    ['100n', 1e-7],
    [2, 2],
    ['', undefined],
    ['.', undefined],
    ['m', undefined],
    ['1x', undefined],
    ['1 Gi', undefined],
    ['0x10', undefined],
    [true, undefined],
    [undefined, undefined],
  ] as const
  for (const [text, amount] of rows)
    test(`${JSON.stringify(text)} is ${amount ?? 'none'}`, () =>
      expect(quantity(text)).toBe(amount))

  test('thousandths are the same in both spellings', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (thousandths) => {
        expect(quantity(`${thousandths}m`)).toBe(quantity((thousandths / 1000).toString()))
      }),
    )
  })
})
