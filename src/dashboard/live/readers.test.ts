/** What a reader is told that comes again: never less than what changed, and never what another was told. */
import { expect, test } from 'vitest'
import { virtualClock } from '#kube/virtual-clock.ts'
import type { ReleaseRow } from '../wire.ts'
import type { Line } from './list.ts'
import { newsFor, readersMemory } from './readers.ts'

function line(name: string, json = name): Line {
  const row = { door: 'headgate', namespace: 'default', name } as ReleaseRow
  return { key: name, row, json, resource: {} as Line['resource'] }
}

function told(entries: readonly (readonly [string, number, string?])[], goneBy = 0) {
  const lines = entries.map(
    ([name, telling, json]) => [name, { line: line(name, json), telling }] as const,
  )
  return { lines: new Map(lines), goneBy }
}

const rows: readonly (readonly [
  string,
  Parameters<typeof newsFor>[0],
  readonly Line[],
  { readonly changed: readonly string[]; readonly gone: readonly string[] } | undefined,
])[] = [
  ['nothing is news', { told: told([['a', 1]]), upTo: 1 }, [line('a')], { changed: [], gone: [] }],
  [
    'what differs, and what came',
    {
      told: told([
        ['a', 1],
        ['b', 2],
      ]),
      upTo: 2,
    },
    [line('a', 'a2'), line('b'), line('c')],
    { changed: ['a', 'c'], gone: [] },
  ],
  [
    'what was told and not heard is told again',
    {
      told: told([
        ['a', 1],
        ['b', 3],
      ]),
      upTo: 2,
    },
    [line('a'), line('b')],
    { changed: ['b'], gone: [] },
  ],
  [
    'what went, or may be seen no longer',
    {
      told: told([
        ['a', 1],
        ['b', 1],
      ]),
      upTo: 1,
    },
    [line('a')],
    { changed: [], gone: ['b'] },
  ],
  [
    'what went before it heard so: all is told',
    { told: told([['a', 1]], 4), upTo: 3 },
    [],
    undefined,
  ],
]
for (const [name, heard, seen, wanted] of rows) {
  test(name, () => {
    const news = newsFor(heard, seen)
    expect(
      news && { changed: news.changed.map(({ key }) => key), gone: news.gone.map((id) => id.name) },
    ).toEqual(wanted)
  })
}

test('it is remembered whose it was, for a minute after it went, and of the last fifty', async () => {
  const { clock, advance, pending } = virtualClock()
  let ids = 0
  const readers = readersMemory({ clock, newId: () => `0${(ids += 1)}` })
  const own = readers.begin('ann')
  const last = `${own.id}.3`
  expect(readers.heard(last, 'ann')).toEqual({ told: own.told, upTo: 3 })
  expect(readers.heard(last, 'bob')).toBeUndefined()
  expect(readers.heard(undefined, 'ann')).toBeUndefined()
  own.end()
  // Nothing is left that a process which ends would wait for.
  expect(pending()).toBe(0)
  await advance(59_000)
  expect(readers.heard(last, 'ann')).toBeDefined()
  await advance(2000)
  expect(readers.heard(last, 'ann')).toBeUndefined()
  const many = Array.from({ length: 51 }, () => readers.begin('ann'))
  for (const one of many) one.end()
  expect(many.map(({ id }) => readers.heard(`${id}.1`, 'ann') !== undefined)).toEqual([
    false,
    ...Array.from({ length: 50 }, () => true),
  ])
})
