/** What is held in shorthand comes back as it was, and takes half the room. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { httpRoute, release } from '#test/gen/release.ts'
import { fromShorthand, toShorthand } from './shorthand.ts'

test('any JSON comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      expect(fromShorthand(toShorthand(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: 500 },
  )
})

test('texts that look like phrases, or like their letters, come back too', () => {
  const value = {
    '"metadata":{': '\x80\x81é…',
    note: 'Z","\\"name":"\\u0080',
    'name":"': [' serves all traffic'],
  }
  expect(fromShorthand(toShorthand(value))).toEqual(value)
})

test.each([
  ['a Release', release()],
  ['an HTTPRoute', httpRoute()],
])('%s takes less than 70 % of its JSON, one byte a letter', (_name, object) => {
  const text = toShorthand(object)
  expect(text.length).toBeLessThan(0.7 * JSON.stringify(object).length)
  expect(text).toMatch(/^[\0-\xff]*$/)
})
