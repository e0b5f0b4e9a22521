/** The work queue in virtual time: by example, and against a model that scans instead of sorting. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { virtualClock } from './virtual-clock.ts'
import { type LookAgain, type RetryRules, type WorkQueue, workQueue } from './work-queue.ts'

type Bench = ReturnType<typeof virtualClock> & {
  readonly queue: WorkQueue
  readonly passes: { readonly key: string; readonly at: number }[]
  readonly retries: number[]
  readonly failures: [string, number][]
}

function bench(
  reconcile: (key: string, pass: number) => Promise<LookAgain>,
  workers = 8,
  retry: RetryRules = {},
): Bench {
  const time = virtualClock()
  const passes: { key: string; at: number }[] = []
  const retries: number[] = []
  const failures: [string, number][] = []
  const queue = workQueue({
    clock: time.clock,
    workers,
    retry,
    onError: (key, _error, retryInMs, times) => {
      retries.push(retryInMs)
      failures.push([key, times])
    },
    reconcile: (key) => {
      passes.push({ key, at: time.clock.monotonic() })
      return reconcile(key, passes.filter((pass) => pass.key === key).length)
    },
  })
  return { ...time, queue, passes, retries, failures }
}

const nothing = async (): Promise<LookAgain> => undefined

test('a key that is asked for many times in one turn is worked on once', async () => {
  const { queue, passes, advance } = bench(nothing)
  for (let times = 0; times < 5; times += 1) queue.add('a')
  queue.add('b')
  await advance(0)
  expect(passes.map(({ key }) => key)).toEqual(['a', 'b'])
})

test('a key added while it is worked on is worked on again, never twice at a time', async () => {
  let atOnce = 0
  let most = 0
  const { queue, passes, advance, clock } = bench(async () => {
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

test('a key that asks for itself at the very beginning of its work is not begun twice', async () => {
  let atOnce = 0
  const made = bench(async (_key, pass) => {
    atOnce += 1
    assert.equal(atOnce, 1)
    if (pass === 1) made.queue.add('a')
    await new Promise<void>((resolve) => made.clock.after(10, resolve))
    atOnce -= 1
    return undefined
  })
  made.queue.add('a')
  await made.advance(100)
  expect(made.passes.map(({ at }) => at)).toEqual([0, 10])
})

test('a failing key comes back after 5 ms, doubling to 1000 s, and starts over once it succeeds', async () => {
  const { queue, passes, retries, advance } = bench(async (_key, pass) => {
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

test('all keys together are retried 10 times a second, after a burst of 100', async () => {
  const { queue, passes, advance } = bench(async () => {
    throw new Error('no')
  }, 1000)
  for (let key = 0; key < 500; key += 1) queue.add(String(key))
  await advance(0)
  expect(passes).toHaveLength(500)
  await advance(10_000)
  const retries = passes.length - 500
  expect(retries).toBeGreaterThanOrEqual(190)
  expect(retries).toBeLessThanOrEqual(201)
})

test('a fresh request waits neither for the delay of its key nor for the budget of all', async () => {
  const { queue, passes, advance } = bench(async (_key, pass) => {
    if (pass <= 12) throw new Error('no')
    return undefined
  })
  queue.add('a')
  await advance(15_000)
  expect(passes).toHaveLength(12)
  queue.add('a')
  await advance(0)
  expect(passes).toHaveLength(13)
})

test('a key that fails hurts no other', async () => {
  const { queue, passes, failures, advance } = bench(async (key, pass) => {
    if (key === 'bad' && pass <= 3) throw new Error('no')
    return undefined
  }, 2)
  queue.add('bad')
  queue.add('good')
  await advance(1)
  expect(passes.map(({ key }) => key)).toEqual(['bad', 'good'])
  await advance(1000)
  expect(failures).toEqual([
    ['bad', 1],
    ['bad', 2],
    ['bad', 3],
  ])
})

test('a key may ask to be looked at again, and the earliest time counts', async () => {
  const { queue, passes, advance } = bench(async (_key, pass) => (pass === 1 ? 50 : undefined))
  queue.add('a')
  queue.add('a', { afterMs: 500 })
  await advance(1_000)
  expect(passes.map(({ at }) => at)).toEqual([0, 50])
})

test('wakes a key at the very instant it asked for, with one timer for all', async () => {
  const { queue, passes, advance, pending } = bench(async (_key, pass) =>
    pass === 1 ? 5000 : undefined,
  )
  queue.add('a', { afterMs: 100 })
  queue.add('b', { afterMs: 300 })
  queue.add('c', { afterMs: 200 })
  expect(pending()).toBe(1)
  await advance(20_000)
  expect(passes.filter(({ key }) => key === 'a').map(({ at }) => at)).toEqual([100, 5100])
  expect(pending()).toBe(0)
})

test('no timer is set below zero, also when time goes on between two looks at the clock', async () => {
  const time = virtualClock()
  const delays: number[] = []
  let drift = 0
  const clock = {
    ...time.clock,
    // Each look at the clock takes a while, as on a machine that is busy.
    monotonic: () => time.clock.monotonic() + (drift += 3),
    after: (delayMs: number, callback: () => void) => {
      delays.push(delayMs)
      return time.clock.after(delayMs, callback)
    },
  }
  const passes: string[] = []
  const queue = workQueue({
    clock,
    onError: () => undefined,
    reconcile: async (key) => {
      passes.push(key)
      return undefined
    },
  })
  for (const afterMs of [4, -1000, 1, Number.NaN, 2]) queue.add(String(afterMs), { afterMs })
  await time.advance(100)
  expect(passes.toSorted()).toEqual(['-1000', '1', '2', '4', 'NaN'])
  expect(delays.length).toBeGreaterThan(0)
  expect(delays.filter((delayMs) => !(delayMs >= 0))).toEqual([])
  await queue.stop()
})

test('an earlier instant stands against a later one, and not the other way round', async () => {
  const { queue, passes, advance } = bench(nothing)
  queue.add('a', { afterMs: 500 })
  queue.add('a', { afterMs: 900 })
  queue.add('a', { afterMs: 200 })
  await advance(2000)
  expect(passes.map(({ at }) => at)).toEqual([200])
})

test('no more keys than workers are worked on at a time, and the rest in their order', async () => {
  const { queue, passes, advance, clock } = bench(async () => {
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
  expect([queue.depth(), queue.idle()]).toEqual([0, true])
})

test('fresh keys go before those of the initial list, which then come in their order', async () => {
  const { queue, passes, advance, clock } = bench(async () => {
    await new Promise<void>((resolve) => clock.after(10, resolve))
    return undefined
  }, 1)
  for (const key of ['old1', 'old2', 'old3']) queue.add(key, { low: true })
  queue.add('fresh1')
  await advance(5)
  queue.add('fresh2')
  queue.add('old3')
  await advance(100)
  expect(passes.map(({ key }) => key)).toEqual(['fresh1', 'old3', 'fresh2', 'old1', 'old2'])
})

test('a low key that fails stays low', async () => {
  const { queue, passes, advance, clock } = bench(async (key, pass) => {
    await new Promise<void>((resolve) => clock.after(10, resolve))
    if (key === 'low' && pass === 1) throw new Error('no')
    return undefined
  }, 1)
  queue.add('low', { low: true })
  await advance(9)
  for (const key of ['a', 'b', 'c']) queue.add(key)
  await advance(100)
  expect(passes.map(({ key }) => key)).toEqual(['low', 'a', 'b', 'c', 'low'])
})

test('under a flood of fresh keys a low one waits a minute, not for ever', async () => {
  const { queue, passes, advance, clock } = bench(async () => {
    await new Promise<void>((resolve) => clock.after(1000, resolve))
    return undefined
  }, 1)
  queue.add('low', { low: true })
  for (let second = 0; second < 120; second += 1) {
    queue.add(`fresh${second}`)
    queue.add(`more${second}`)
    await advance(1000)
  }
  const begun = passes.find(({ key }) => key === 'low')?.at ?? Infinity
  expect(begun).toBeLessThan(180_000)
})

test('ten thousand keys that never wait for anything leave the thread free in between', async () => {
  const { queue, passes, advance, pending } = bench(nothing)
  for (let key = 0; key < 10_000; key += 1) queue.add(String(key))
  await new Promise((resolve) => setImmediate(resolve))
  expect(passes.length).toBeLessThan(100)
  expect(pending()).toBe(1)
  await advance(0)
  expect(passes).toHaveLength(10_000)
})

test('one poisoned key among a thousand does not hold the others up', async () => {
  const settled = async (poisoned: boolean): Promise<number> => {
    const made = bench(async (key) => {
      await new Promise<void>((resolve) => made.clock.after(10, resolve))
      if (poisoned && key === '500') throw new Error('poison')
      return undefined
    }, 4)
    for (let key = 0; key < 1000; key += 1) made.queue.add(String(key))
    await made.advance(60_000)
    const others = made.passes.filter(({ key }) => key !== '500')
    return Math.max(...others.map(({ at }) => at))
  }
  expect(await settled(true)).toBeLessThanOrEqual(1.2 * (await settled(false)))
})

test('a dropped key is not worked on, and its failures are forgotten', async () => {
  const { queue, passes, failures, advance } = bench(async () => {
    throw new Error('no')
  })
  queue.add('a')
  await advance(4)
  queue.drop('a')
  await advance(1000)
  expect([passes.length, queue.depth(), queue.idle()]).toEqual([1, 0, true])
  queue.add('a')
  await advance(0)
  expect(failures.at(-1)).toEqual(['a', 1])
})

test('stop waits for what is worked on and takes nothing more', async () => {
  let finished = false
  const { queue, passes, advance, clock, pending } = bench(async () => {
    await new Promise<void>((resolve) => clock.after(50, resolve))
    finished = true
    return 1
  })
  queue.add('a')
  queue.add('later', { afterMs: 10 })
  await advance(1)
  let stopped = false
  const stopping = queue.stop().then(() => {
    stopped = true
  })
  queue.add('b')
  await advance(10)
  expect(stopped).toBe(false)
  await advance(100)
  await stopping
  await advance(1000)
  expect([finished, passes.length, pending()]).toEqual([true, 1, 0])
})

/** What the queue should do, told by looking at every key every time. */
type Model = {
  readonly waiting: Map<string, { at: number; rank: number; order: number }>
  readonly running: Set<string>
  readonly failures: Map<string, number>
  order: number
}

type Ending = 'done' | 'again' | 'fail'

type Command =
  | { readonly do: 'add'; readonly key: string; readonly afterMs: number; readonly low: boolean }
  | { readonly do: 'drop'; readonly key: string }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'finish'; readonly which: number; readonly how: Ending }

const workers = 2
const againMs = 700
const lowBehindMs = 60_000

function modelAdd(model: Model, key: string, now: number, afterMs: number, low: boolean): void {
  const at = now + afterMs
  const rank = at + (low ? lowBehindMs : 0)
  const known = model.waiting.get(key)
  if (known !== undefined && known.at <= at && known.rank <= rank) return
  model.order += 1
  model.waiting.set(key, {
    at: Math.min(at, known?.at ?? at),
    rank: Math.min(rank, known?.rank ?? rank),
    order: known?.order ?? model.order,
  })
}

/** Starts what may start; the keys in the order in which they begin. */
function modelStart(model: Model, now: number): string[] {
  const begun: string[] = []
  while (model.running.size < workers) {
    const due = [...model.waiting].filter(([key, { at }]) => at <= now && !model.running.has(key))
    const [first] = due.sort(([, a], [, b]) => a.rank - b.rank || a.order - b.order)
    if (first === undefined) break
    model.waiting.delete(first[0])
    model.running.add(first[0])
    begun.push(first[0])
  }
  return begun
}

function nextDue(model: Model, now: number): number {
  return Math.min(...[...model.waiting.values()].map(({ at }) => at).filter((at) => at > now))
}

const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      key: keys,
      afterMs: fc.constantFrom(0, 0, 0, 3, 50, 1000, 61_000),
      low: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), key: keys }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(0, 1, 7, 100, 2000, 70_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('finish' as const),
      which: fc.nat(workers - 1),
      how: fc.constantFrom<Ending>('done', 'again', 'fail'),
    }),
  },
)

test('whatever is asked, finished, failed and dropped: the queue does as its model', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 1, maxLength: 100, size: 'max' }),
      async (commands) => {
        const time = virtualClock()
        const under = new Map<string, (how: Ending) => void>()
        const begun: string[] = []
        const queue = workQueue({
          clock: time.clock,
          workers,
          onError: () => undefined,
          reconcile: async (key) => {
            assert.ok(!under.has(key), `${key} was begun twice`)
            begun.push(key)
            const how = await new Promise<Ending>((resolve) => under.set(key, resolve))
            under.delete(key)
            if (how === 'fail') throw new Error('no')
            return how === 'again' ? againMs : undefined
          },
        })
        const model: Model = {
          waiting: new Map(),
          running: new Set(),
          failures: new Map(),
          order: 0,
        }
        const low = new Map<string, boolean>()
        const expected: string[] = []
        const startDue = (): void => {
          const lows = new Map([...model.waiting].map(([key, { at, rank }]) => [key, rank > at]))
          for (const key of modelStart(model, time.clock.monotonic())) {
            low.set(key, lows.get(key) === true)
            expected.push(key)
          }
        }
        for (const step of commands) {
          if (step.do === 'add') {
            queue.add(step.key, step)
            modelAdd(model, step.key, time.clock.monotonic(), step.afterMs, step.low)
          }
          if (step.do === 'drop') {
            queue.drop(step.key)
            model.waiting.delete(step.key)
            model.failures.delete(step.key)
          }
          if (step.do === 'finish') {
            const key = [...model.running][step.which]
            if (key === undefined) continue
            under.get(key)?.(step.how)
            model.running.delete(key)
            const now = time.clock.monotonic()
            if (step.how === 'again') modelAdd(model, key, now, againMs, false)
            if (step.how === 'done' || step.how === 'again') model.failures.delete(key)
            if (step.how === 'fail') {
              const times = (model.failures.get(key) ?? 0) + 1
              model.failures.set(key, times)
              modelAdd(model, key, now, 5 * 2 ** (times - 1), low.get(key) === true)
            }
          }
          const until = time.clock.monotonic() + (step.do === 'advance' ? step.ms : 0)
          await time.advance(0)
          startDue()
          // From instant to instant at which something falls due; nothing may begin in between.
          for (let next = nextDue(model, time.clock.monotonic()); next <= until; ) {
            await time.advance(next - time.clock.monotonic())
            startDue()
            next = nextDue(model, time.clock.monotonic())
          }
          await time.advance(until - time.clock.monotonic())
          assert.deepEqual(begun, expected)
          assert.deepEqual([...under.keys()].sort(), [...model.running].sort())
          assert.equal(queue.depth(), model.waiting.size)
        }
      },
    ),
    { numRuns: 500 },
  )
})
