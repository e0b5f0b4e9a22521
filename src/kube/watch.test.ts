/** Streams as values: any split gives the same lines, any line a state that can be gone on from. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { bookmark, errorEvent, event, sample } from './testing/objects.ts'
import { lastLine, nothingLeft, readLine, splitLines } from './watch.ts'

test('lines come out the same however the bytes are split', () => {
  const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ''))
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(40)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''))
      const expected = bytes.toString('utf8').split('\n').slice(0, -1)
      const seen: string[] = []
      let remainder = nothingLeft
      let begin = 0
      for (const cut of [...cuts, bytes.length]) {
        const split = splitLines(remainder, bytes.subarray(begin, begin + cut))
        seen.push(...split.lines)
        remainder = split.remainder
        begin = Math.min(bytes.length, begin + cut)
      }
      assert.deepEqual(seen, expected)
      assert.equal(lastLine(remainder), '')
    }),
  )
})

test('text and bytes may be mixed, and the last line may lack its end', () => {
  const first = splitLines(nothingLeft, 'a\nb')
  const second = splitLines(first.remainder, Buffer.from('c\nd'))
  assert.deepEqual([first.lines, second.lines, lastLine(second.remainder)], [['a'], ['bc'], 'd'])
})

const at5 = { resourceVersion: '5', listed: true }
const growing = { resourceVersion: '', listed: false }
const lines: readonly [string, object | string, typeof at5, string, string][] = [
  ['an addition', event('ADDED', sample('a', 6)), at5, 'put', '6'],
  ['a change', event('MODIFIED', sample('a', 6)), at5, 'put', '6'],
  ['a deletion', event('DELETED', sample('a', 6)), at5, 'gone', '6'],
  ['a bookmark', bookmark(9), at5, 'bookmark', '9'],
  [
    'an initial event says nothing of the version',
    event('ADDED', sample('a', 6)),
    growing,
    'put',
    '',
  ],
  ['a bookmark inside the list neither', bookmark(9), growing, 'bookmark', ''],
  ['the end of the list does', bookmark(9, true), growing, 'bookmark', '9'],
  ['an error keeps the version', errorEvent(410, 'Expired'), at5, 'error', '5'],
  ['half a line', '{"type":"ADDED","obj', at5, 'malformed', '5'],
  ['a number', '5', at5, 'malformed', '5'],
  ['null', 'null', at5, 'malformed', '5'],
  ['an event without object', { type: 'ADDED' }, at5, 'malformed', '5'],
  ['an object without metadata', { type: 'ADDED', object: {} }, at5, 'malformed', '5'],
  [
    'an object without version',
    { type: 'ADDED', object: { metadata: { name: 'a' } } },
    at5,
    'malformed',
    '5',
  ],
  [
    'an object without name',
    { type: 'ADDED', object: { metadata: { resourceVersion: '6' } } },
    at5,
    'malformed',
    '5',
  ],
  [
    'an unknown type',
    { ...event('ADDED', sample('a', 6)), type: 'RENAMED' },
    at5,
    'malformed',
    '5',
  ],
  ['an empty line', '', at5, 'nothing', '5'],
  ['a keep-alive', '\r', at5, 'nothing', '5'],
]
for (const [name, line, before, kind, version] of lines) {
  test(name, () => {
    const { state, event: read } = readLine(
      before,
      typeof line === 'string' ? line : JSON.stringify(line),
    )
    assert.deepEqual([read?.kind ?? 'nothing', state.resourceVersion], [kind, version])
  })
}

test('any line at all is read without throwing', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.object().map((o) => JSON.stringify({ type: 'ADDED', object: o })),
      ),
      (line) => {
        readLine(at5, line)
      },
    ),
  )
})
