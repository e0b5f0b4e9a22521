/** Names for content: equal for equal JSON, different for the templates that people really write. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { template } from '#test/gen/release.ts'
import { canonicalJson, shortHash } from './hash.ts'

/** The same value with the keys of every object in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value).reverse()) {
    Object.defineProperty(copy, key, {
      value: shuffled(member),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return copy
}

describe('canonical JSON', () => {
  test('is JSON, and the order of keys does not count', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text)
        expect(JSON.parse(canonicalJson(value))).toEqual(value)
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value))
      }),
    )
  })

  test('tells apart what differs', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (one, other) => {
        const [a, b]: unknown[] = [JSON.parse(one), JSON.parse(other)]
        const same = JSON.stringify(shuffled(a)) === JSON.stringify(shuffled(b))
        if (same) expect(canonicalJson(a)).toBe(canonicalJson(b))
        if (canonicalJson(a) === canonicalJson(b)) expect(a).toEqual(b)
      }),
    )
  })

  const rows = [
    ['leaves undefined members out', { a: undefined, b: 1 }, '{"b":1}'],
    ['writes undefined items as null', [undefined], '[null]'],
    ['keeps a key called __proto__', JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
    ['keeps the order of lists', [2, 1], '[2,1]'],
  ] as const
  for (const [name, value, text] of rows) test(name, () => expect(canonicalJson(value)).toBe(text))
})

describe('short hashes', () => {
  test('are ten hex digits, whatever the value', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => /^[0-9a-f]{10}$/.test(shortHash(value))))
  })

  test('never changed: workloads in clusters carry them', () => {
    expect([shortHash(''), shortHash({}), shortHash(template('shop:v1'))]).toEqual([
      'f6b91aaa85',
      '3b3e05b825',
      '0f6df5c82a',
    ])
  })

  test('differ for two hundred thousand templates that differ in a few characters', () => {
    const seen = new Set<string>()
    for (let number = 0; number < 100_000; number += 1) {
      seen.add(shortHash(template(`registry.example.com/team/shop:v${number}`)))
      seen.add(shortHash({ replicas: number, env: [{ name: 'A', value: `${number * 7}` }] }))
    }
    expect(seen.size).toBe(200_000)
  })
})
