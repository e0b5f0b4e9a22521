/** The page's model, as far as it needs no browser: addresses, filters, the stream's text, words. */
import { describe, expect, test } from 'vitest'
import type { ReleaseRow } from '../../wire.ts'
import { hashOf, readPlace } from './address.ts'
import { eventReader, type StreamEvent } from './event-stream.ts'
import { chosen, groupOf, noFilter } from './filter.ts'
import { isSafe } from './safe-address.ts'
import { age, duration } from './words.ts'

function row(change: Partial<ReleaseRow> = {}): ReleaseRow {
  return {
    door: 'headgate',
    namespace: 'default',
    name: 'shop',
    kind: 'Release',
    uid: '1',
    phase: 'Completed',
    reason: { type: 'Serving', message: 'it serves' },
    waitsForPerson: false,
    strategy: 'canary',
    step: '-',
    weights: [],
    images: ['example/shop:v1'],
    createdAt: 0,
    ...change,
  }
}

describe('addresses', () => {
  const places = [
    ['all releases', '#/'],
    ['a filter', '#/?q=shop+v2&namespace=default&door=kulta&show=failed&sort=urgent'],
    ['a release', '#/release/headgate/default/shop'],
    ['a name with everything that an address takes apart', '#/release/a%2Fb/c%3Fd/e%23%25'],
  ] as const
  for (const [name, hash] of places)
    test(`${name} is read and written alike`, () => expect(hashOf(readPlace(hash))).toBe(hash))

  const unread = ['', '#', '#/release/headgate/default', '#/release/a/b/%E0%A4%A', '#/else']
  for (const hash of unread)
    test(`${hash || 'nothing'} leads to all releases`, () =>
      expect(readPlace(hash)).toEqual({ kind: 'list', filter: noFilter }))
})

describe('filters', () => {
  const rows = [
    row({ name: 'shop10' }),
    row({ name: 'shop9', phase: 'Failed', reason: { type: 'Aborted', message: 'by zoe' } }),
    row({ name: 'api', namespace: 'edge', phase: 'Progressing', createdAt: 9 }),
    row({ name: 'Ärger', door: 'kulta', phase: 'Paused' }),
  ]
  const cases = [
    ['nothing', {}, ['api', 'Ärger', 'shop9', 'shop10']],
    ['a namespace', { namespace: 'edge' }, ['api']],
    ['a door', { door: 'kulta' }, ['Ärger']],
    ['a group', { group: 'failed' }, ['shop9']],
    ['several words, anywhere', { text: 'ZOE shop' }, ['shop9']],
    ['words that nothing has', { text: 'zoe api' }, []],
    ['urgency', { sort: 'urgent' }, ['shop9', 'Ärger', 'api', 'shop10']],
    ['age', { sort: 'newest' }, ['api', 'Ärger', 'shop9', 'shop10']],
  ] as const
  for (const [name, change, expected] of cases)
    test(`by ${name}`, () => {
      const { keys } = chosen(rows, { ...noFilter, ...change })
      expect(keys.map((key) => key.split('/')[2])).toEqual(expected)
    })

  test('the counts are of all groups, whichever is shown', () => {
    const { counts } = chosen(rows, { ...noFilter, group: 'failed' })
    expect(counts).toEqual({ failed: 1, attention: 1, moving: 1, serving: 1 })
  })

  const groupCases = [
    ['Progressing', 'WaitingForPods', 'moving'],
    ['Paused', 'Paused', 'attention'],
    ['Paused', 'WaitingForPause', 'moving'],
    ['Completed', 'WriteRefused', 'attention'],
    ['Completed', 'Serving', 'serving'],
    ['Failed', 'WriteRefused', 'failed'],
    ['Unknown', 'SpecInvalid', 'attention'],
  ] as const
  for (const [phase, type, group] of groupCases)
    test(`${phase} for ${type} is ${group}`, () =>
      expect(groupOf(row({ phase, reason: { type, message: '' } }))).toBe(group))

  test('whatever waits for a person needs somebody, but what failed', () => {
    const reason = { type: 'WaitingForGate', message: '' }
    const groupsOf = (['Progressing', 'Concluded', 'Failed'] as const).map((phase) =>
      groupOf(row({ phase, reason, waitsForPerson: true })),
    )
    expect(groupsOf).toEqual(['attention', 'attention', 'failed'])
    expect(groupOf(row({ phase: 'Progressing', reason }))).toBe('moving')
  })
})

describe('the stream', () => {
  const text =
    ': hello\n\nevent: rows\r\nid: a.1\r\ndata: [1,\r\ndata: 2]\r\n\r\ndata: alone\n\nevent: lost\n\nevent: tick\ndata: {}\n\nevent: half\ndata: x'
  const whole: readonly StreamEvent[] = [
    { name: 'rows', data: '[1,\n2]', id: 'a.1' },
    { name: 'message', data: 'alone', id: undefined },
    { name: 'tick', data: '{}', id: undefined },
  ]
  for (const size of [1, 2, 7, text.length])
    test(`is understood in pieces of ${size}`, () => {
      const heard: StreamEvent[] = []
      const read = eventReader((event) => heard.push(event))
      for (let at = 0; at < text.length; at += size) read(text.slice(at, at + size))
      expect(heard).toEqual(whole)
    })
})

describe('links', () => {
  const cases = [
    ['https://example.com/a?b#c', true],
    ['http://example.com/', false],
    ['javascript:alert(1)', false],
    ['data:text/html,x', false],
    ['https://known.example.com@example.net/', false],
    ['//example.com/', false],
    ['', false],
  ] as const
  for (const [address, safe] of cases)
    test(`${address || 'nothing'} is ${safe ? '' : 'not '}followed`, () =>
      expect(isSafe(address)).toBe(safe))
})

describe('words', () => {
  const s = 1000
  const m = 60 * s
  const h = 60 * m
  const cases = [
    [-5 * s, '0 s', '0s'],
    [59 * s, '59 s', '59s'],
    [m, '1 min', '1m'],
    [3 * m + 20 * s, '3 min 20 s', '3m'],
    [5 * h + 10 * m + 9 * s, '5 h 10 min', '5h'],
    [76 * h, '3 d 4 h', '3d'],
  ] as const
  for (const [ms, long, short] of cases)
    test(`${ms} ms is ${long}, or ${short}`, () =>
      expect([duration(ms), age(ms)]).toEqual([long, short]))
})
