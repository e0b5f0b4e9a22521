import { expect, test } from 'vitest'
import { virtualClock } from '#kube/virtual-clock.ts'
import { type LookAgain, startQueue } from './queue.ts'

function harness(reconcile: (key: string, pass: number) => Promise<LookAgain>, workers = 8) {
  const time = virtualClock()
  const passes: { key: string; at: number }[] = []
  const retries: number[] = []
  const queue = startQueue({
    clock: time.clock,
    workers,
    onError: (_key, _error, retryInMs) => retries.push(retryInMs),
    reconcile: (key) => {
      passes.push({ key, at: time.clock.monotonic() })
      return reconcile(key, passes.filter((pass) => pass.key === key).length)
    },
  })
  return { ...time, queue, passes, retries }
}

test('a key added many times in one turn is worked on once', async () => {
  const { queue, passes, advance } = harness(async () => undefined)
  for (let index = 0; index < 5; index += 1) queue.add('a')
  await advance(0)
  expect(passes).toHaveLength(1)
})

test('a key added while it is worked on is worked on again, never twice at a time', async () => {
  let atOnce = 0
  let most = 0
  const { queue, passes, advance, clock } = harness(async () => {
    atOnce += 1
    most = Math.max(most, atOnce)
    await new Promise<void>((resolve) => clock.after(10, resolve))
    atOnce -= 1
    return undefined
  })
  queue.add('a')
  await advance(5)
  queue.add('a')
  queue.add('a')
  await advance(100)
  expect(passes.map(({ at }) => at)).toEqual([0, 10])
  expect(most).toBe(1)
})

test('a failing key comes back after 5 ms, doubling to 1000 s, and starts over once it succeeds', async () => {
  const { queue, passes, retries, advance } = harness(async (_key, pass) => {
    if (pass <= 20 || pass === 22) throw new Error('no')
    return undefined
  })
  queue.add('a')
  await advance(4_000_000)
  expect(retries.slice(0, 4)).toEqual([5, 10, 20, 40])
  expect(retries.slice(-2)).toEqual([1_000_000, 1_000_000])
  expect(queue.idle()).toBe(true)
  expect(passes).toHaveLength(21)
  queue.add('a')
  await advance(5)
  expect(retries.at(-1)).toBe(5)
})

test('a key may ask to be looked at again, and the earliest time counts', async () => {
  const { queue, passes, advance } = harness(async (_key, pass) => (pass === 1 ? 50 : undefined))
  queue.add('a')
  queue.addAfter('a', 500)
  await advance(1_000)
  expect(passes.map(({ at }) => at)).toEqual([0, 50])
})

test('no more keys than workers are worked on at a time, and the rest in their order', async () => {
  const { queue, passes, advance, clock } = harness(async () => {
    await new Promise<void>((resolve) => clock.after(10, resolve))
    return undefined
  }, 2)
  for (const key of ['a', 'b', 'c']) queue.add(key)
  await advance(100)
  expect(passes).toEqual([
    { key: 'a', at: 0 },
    { key: 'b', at: 0 },
    { key: 'c', at: 10 },
  ])
})

test('stop waits for what is worked on and takes nothing more', async () => {
  let finished = false
  const { queue, passes, advance, clock } = harness(async () => {
    await new Promise<void>((resolve) => clock.after(10, resolve))
    finished = true
    return 1
  })
  queue.add('a')
  await advance(1)
  const stopped = queue.stop()
  queue.add('b')
  await advance(100)
  await stopped
  expect(finished).toBe(true)
  expect(passes).toHaveLength(1)
})
