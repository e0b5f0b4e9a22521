/** The work queue in virtual time. */
import { expect, test } from 'vitest'
import { virtualClock } from '#kube/virtual-clock.ts'
import { workQueue } from './queue.ts'

function made(work: (key: string) => Promise<number | undefined>, workers = 2) {
  const { clock: inner, advance } = virtualClock()
  const clock = { ...inner, advance }
  const failures: [string, number][] = []
  const queue = workQueue({
    clock,
    work,
    workers,
    failed: (key, _error, times) => {
      failures.push([key, times])
      return clock.now() + 10 * 2 ** times
    },
  })
  return { clock, queue, failures }
}

test('a key that is asked for many times is worked on once', async () => {
  const done: string[] = []
  const { clock, queue } = made(async (key) => void done.push(key))
  for (let times = 0; times < 5; times += 1) queue.add('a')
  queue.add('b')
  await clock.advance(1)
  expect(done).toEqual(['a', 'b'])
})

test('a key is never worked on twice at once, and once more when it was asked for meanwhile', async () => {
  let running = 0
  let most = 0
  let passes = 0
  const finish: (() => void)[] = []
  const { clock, queue } = made(async () => {
    running += 1
    passes += 1
    most = Math.max(most, running)
    await new Promise<void>((resolve) => finish.push(resolve))
    running -= 1
    return undefined
  })
  queue.add('a')
  await clock.advance(1)
  queue.add('a')
  queue.add('a')
  await clock.advance(1)
  expect(passes).toBe(1)
  finish.shift()?.()
  await clock.advance(1)
  expect([passes, most]).toEqual([2, 1])
})

test('wakes a key at the very instant it asked for, with one timer for all', async () => {
  const woken: number[] = []
  let first = true
  const { clock, queue } = made(async () => {
    woken.push(clock.now())
    if (!first) return undefined
    first = false
    return clock.now() + 5000
  })
  const start = clock.now()
  queue.add('a', start + 100)
  await clock.advance(20_000)
  expect(woken.map((at) => at - start)).toEqual([100, 5100])
})

test('an earlier instant stands against a later one, and not the other way round', async () => {
  const woken: number[] = []
  const { clock, queue } = made(async () => void woken.push(clock.now()))
  const start = clock.now()
  queue.add('a', start + 500)
  queue.add('a', start + 900)
  queue.add('a', start + 200)
  await clock.advance(2000)
  expect(woken.map((at) => at - start)).toEqual([200])
})

test('a key that fails is tried again later each time, and hurts no other', async () => {
  const done: string[] = []
  let left = 3
  const { clock, queue, failures } = made(async (key) => {
    if (key === 'bad' && left > 0) {
      left -= 1
      throw new Error('no')
    }
    done.push(key)
    return undefined
  })
  queue.add('bad')
  queue.add('good')
  await clock.advance(1)
  expect(done).toEqual(['good'])
  await clock.advance(1000)
  expect(done).toEqual(['good', 'bad'])
  expect(failures).toEqual([
    ['bad', 1],
    ['bad', 2],
    ['bad', 3],
  ])
})

test('no more keys at a time than there are workers', async () => {
  let running = 0
  let most = 0
  const { clock, queue } = made(async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise<void>((resolve) => clock.after(10, resolve))
    running -= 1
    return undefined
  }, 3)
  for (let key = 0; key < 20; key += 1) queue.add(String(key))
  await clock.advance(1000)
  expect([most, running, queue.depth()]).toEqual([3, 0, 0])
})

test('stop awaits the work under way and starts nothing more', async () => {
  const done: string[] = []
  const { clock, queue } = made(async (key) => {
    await new Promise<void>((resolve) => clock.after(50, resolve))
    done.push(key)
    return clock.now()
  })
  queue.add('a')
  await clock.advance(1)
  let stopped = false
  const stopping = queue.stop().then(() => {
    stopped = true
  })
  await clock.advance(10)
  expect(stopped).toBe(false)
  await clock.advance(100)
  await stopping
  await clock.advance(1000)
  expect(done).toEqual(['a'])
})
