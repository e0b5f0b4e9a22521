/** A key waits for the echo of its own write, however late, and no longer. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { ownWrites } from './own-writes.ts'
import { sample } from './testing/objects.ts'

type Row = readonly [string, { readonly held?: number; readonly cache: number }, boolean]
const rows: readonly Row[] = [
  ['nothing has come back', { held: 4, cache: 9 }, false],
  ['the very write is held', { held: 10, cache: 10 }, true],
  ['something newer is held', { held: 11, cache: 11 }, true],
  ['it was deleted since, and the cache has passed it', { cache: 12 }, true],
  ['another object moved the cache past it', { held: 4, cache: 100 }, true],
  ['it is not there yet', { cache: 9 }, false],
  ['the server went back to an older state', { held: 3, cache: 5 }, true],
]
for (const [name, now, seen] of rows) {
  test(`${name}: ${seen ? 'go on' : 'wait'}`, () => {
    let state: Row[1] = { held: 4, cache: 8 }
    const writes = ownWrites({
      get: () => (state.held === undefined ? undefined : sample('a', state.held)),
      resourceVersion: () => String(state.cache),
    })
    writes.wrote('default/a', '10')
    writes.wrote('default/a', '9')
    assert.equal(writes.isSeen('default/a'), false)
    assert.equal(writes.isSeen('default/b'), true)
    state = now
    assert.equal(writes.isSeen('default/a'), seen)
    assert.equal(writes.waiting(), seen ? 0 : 1)
  })
}
