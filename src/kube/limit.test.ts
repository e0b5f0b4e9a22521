/** The adaptive limit: one decrease a second at most, and places in the order of asking. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { adaptiveLimit } from './limit.ts'
import { virtualClock } from './virtual-clock.ts'

const never = new AbortController().signal

test('a burst of refusals counts once; the next second counts again; it never falls below one', async () => {
  const { clock, advance } = virtualClock()
  const limit = adaptiveLimit(clock)
  for (let i = 0; i < 16; i += 1) await limit.enter(never)
  for (let i = 0; i < 8; i += 1) limit.leave({ kind: 'overloaded' })
  assert.equal(limit.state().limit, 8)
  await advance(1000)
  limit.leave({ kind: 'overloaded' })
  assert.equal(limit.state().limit, 4)
  for (let i = 0; i < 7; i += 1) {
    await advance(1000)
    limit.leave({ kind: 'overloaded' })
  }
  assert.deepEqual(limit.state(), { limit: 1, inFlight: 0, waiting: 0 })
})

test('who gives up leaves the queue; the others keep their order', async () => {
  const limit = adaptiveLimit(virtualClock().clock, 1)
  await limit.enter(never)
  const giving = new AbortController()
  const order: string[] = []
  const given = limit.enter(giving.signal).then(
    () => 'entered',
    () => 'gave up',
  )
  const second = limit.enter(never).then(() => order.push('second'))
  const third = limit.enter(never).then(() => order.push('third'))
  giving.abort()
  assert.equal(await given, 'gave up')
  limit.leave({ kind: 'void' })
  await second
  assert.deepEqual([order, limit.state().waiting], [['second'], 1])
  limit.leave({ kind: 'void' })
  await third
})
