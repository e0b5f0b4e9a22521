import { expect, test } from 'vitest'
import type { Obj } from '#core/schema/json.ts'
import type { Stored } from './resource.ts'
import { contentOf, entryOf, sizeOf } from './stored-entry.ts'

const owner = (manager: string, fieldsV1: Obj | undefined, more = {}) => ({
  manager,
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  ...(fieldsV1 === undefined ? {} : { fieldsV1 }),
  ...more,
})
const long = 'x'.repeat(100)

const objects: [string, unknown][] = [
  ['nothing but a name', { metadata: { name: 'a' } }],
  ['no metadata to speak of', { metadata: {}, data: { a: 'b' } }],
  [
    'owners',
    {
      metadata: {
        name: 'a',
        managedFields: [
          owner('one', { 'f:data': { '.': {}, 'f:"é\n': {} } }),
          owner('two', { 'f:status': {} }, { subresource: 'status' }),
        ],
      },
      data: { a: long },
    },
  ],
  ['owners alone', { metadata: { managedFields: [owner('one', { 'f:data': {} })] } }],
  ['an owner of nothing', { metadata: { name: 'a', managedFields: [owner('one', undefined)] } }],
  ['an owner that is none', { metadata: { name: 'a', managedFields: [null, 1] } }],
  ['no owners', { metadata: { name: 'a', managedFields: [] }, spec: null }],
  ['odd names', JSON.parse('{"metadata":{"name":"a"},"__proto__":{"a":1},"b\\"":[1.5,true]}')],
]
for (const [name, object] of objects) {
  test(`what goes in comes out: ${name}`, () => {
    const text = JSON.stringify(object)
    const given = JSON.parse(text) as Stored
    const entry = entryOf('k', 7, { kind: 'K', apiVersion: 'v1', ...given }, {})
    const wanted = JSON.parse(text) as Stored
    wanted.metadata.resourceVersion = '7'
    expect(JSON.parse(entry.text)).toEqual(wanted)
    expect(contentOf(entry)).toEqual(wanted)
    // Only what stands between the parts is not counted.
    expect(Math.abs(sizeOf(entry) - entry.text.length)).toBeLessThan(400)
  })
}

test('sets of fields are kept once, whoever owns them', () => {
  const make = (key: string): Stored => ({
    metadata: { name: key, managedFields: [owner('one', { 'f:data': { 'f:a': {} } })] },
  })
  const [a, b] = [entryOf('a', 1, make('a'), {}), entryOf('b', 2, make('b'), {})]
  const owners = [a, b].map((entry) => (contentOf(entry) as Stored).metadata.managedFields)
  const sets = owners.map((list) => (list as { fieldsV1: unknown }[])[0]?.fieldsV1)
  expect(sets[0]).toBe(sets[1])
})

test('what another object has of a known one is taken from there', () => {
  const before: Stored = { metadata: { name: 'a' }, spec: { text: long }, status: { n: 1 } }
  const entry = entryOf('a', 1, before, {})
  const after: Stored = { ...before, metadata: { name: 'a' }, status: { n: 2 } }
  const next = entryOf('a', 2, after, {}, undefined, { entry, object: before })
  expect(contentOf(next)).toEqual({
    metadata: { name: 'a', resourceVersion: '2' },
    spec: { text: long },
    status: { n: 2 },
  })
})
