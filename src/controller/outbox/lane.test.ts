/** The way to a sink in virtual time: order, patience, and no storm on a receiver that is down. */
import { describe, expect, test } from 'vitest'
import type { Ports } from '#kube/ports.ts'
import { type VirtualClock, virtualClock } from '#kube/virtual-clock.ts'
import { type Lane, type LaneOptions, lane } from './lane.ts'
import { type Attempt, delivered, type Outcome } from './sink.ts'

const later: Outcome = { kind: 'later', why: 'answered 500' }
const minute = 60_000

type Stage = {
  readonly time: VirtualClock
  readonly way: Lane
  /** Instants of attempts, by key. */
  readonly tried: { readonly key: string; readonly at: number }[]
  readonly done: string[]
  /** Sends a letter whose attempts end as told; the last one counts for all further ones. */
  readonly send: (key: string, ...outcomes: readonly (Outcome | 'hangs')[]) => void
}

function stage(changes: Partial<LaneOptions> = {}): Stage {
  const time = virtualClock()
  const ports: Ports = { clock: time.clock, random: () => 0.5, newId: () => 'id' }
  const way = lane({ ports, atOnce: 4, may: () => true, ...changes })
  const tried: { key: string; at: number }[] = []
  const done: string[] = []
  const send: Stage['send'] = (key, ...outcomes) => {
    let number = 0
    const attempt: Attempt = () => {
      tried.push({ key, at: time.clock.monotonic() })
      const outcome = outcomes[Math.min(number, outcomes.length - 1)] ?? delivered
      number += 1
      return outcome === 'hangs' ? new Promise(() => undefined) : Promise.resolve(outcome)
    }
    way.take({ key, attempt, done: ({ kind }) => done.push(`${key} ${kind}`) })
  }
  return { time, way, tried, done, send }
}

describe('a lane', () => {
  test('delivers at once', async () => {
    const { time, send, done, way } = stage()
    send('a')
    send('b')
    await time.advance(0)
    expect(done).toEqual(['a delivered', 'b delivered'])
    expect([way.size(), time.pending()]).toEqual([0, 0])
  })

  test('keeps the order of a release, also where its first letter has to be repeated', async () => {
    const { time, send, tried, done } = stage()
    send('a', later, later, delivered)
    send('a', delivered)
    await time.advance(minute)
    expect(done).toEqual(['a delivered', 'a delivered'])
    expect(tried.map(({ at }) => at)).toEqual([0, 600, 1800, 1800])
  })

  test('goes on with others while one release waits', async () => {
    const { time, send, done } = stage()
    send('poison', later)
    for (const key of ['a', 'b', 'c']) send(key)
    await time.advance(2000)
    expect(done).toEqual(['a delivered', 'b delivered', 'c delivered'])
  })

  test('tries again for an hour of 500, ever more rarely, and delivers when it ends', async () => {
    const { time, tried, done, way } = stage()
    const end = 60 * minute
    const attempt: Attempt = () => {
      tried.push({ key: 'a', at: time.clock.monotonic() })
      return Promise.resolve(time.clock.monotonic() < end ? later : delivered)
    }
    way.take({ key: 'a', attempt, done: ({ kind }) => done.push(kind) })
    await time.advance(61 * minute)
    expect(done).toEqual(['delivered'])
    const gaps = tried.slice(1).map(({ at }, index) => at - (tried[index]?.at ?? 0))
    expect(gaps.slice(0, 4)).toEqual([600, 1200, 2400, 4800])
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000)
    expect(tried.length).toBeLessThan(180)
  })

  test('is no storm: a thousand releases ask a receiver that is down less than once in five seconds', async () => {
    const { time, send, tried } = stage()
    for (let number = 0; number < 1000; number += 1) send(`r${number}`, later)
    await time.advance(minute)
    const before = tried.length
    await time.advance(10 * minute)
    expect((tried.length - before) / 600).toBeLessThanOrEqual(0.2)
  })

  test('is at full speed again after the first success', async () => {
    const { time, send, done } = stage()
    send('a', later, delivered)
    for (let number = 0; number < 500; number += 1) send(`r${number}`)
    await time.advance(2000)
    expect(done).toHaveLength(501)
  })

  test('leaves a receiver alone for as long as it asks, but not for an hour', async () => {
    const { time, send, tried } = stage()
    send('a', { kind: 'later', why: 'answered 429', afterMs: 20_000 }, delivered)
    await time.advance(0)
    send('b')
    await time.advance(minute)
    expect(tried.map(({ key, at }) => [key, at])).toEqual([
      ['a', 0],
      ['a', 20_000],
      ['b', 20_000],
    ])
    const patient = stage()
    patient.send('a', { kind: 'later', why: 'answered 429', afterMs: 3_600_000 }, delivered)
    await patient.time.advance(121_000)
    expect(patient.done).toEqual(['a delivered'])
  })

  test('a receiver that is gone is asked no more, for any letter', async () => {
    const { time, send, done, tried } = stage({ atOnce: 1 })
    send('a', { kind: 'gone', why: 'answered 410' })
    send('b')
    await time.advance(minute)
    send('c')
    expect(done).toEqual(['a gone', 'b gone', 'c gone'])
    expect(tried).toHaveLength(1)
  })

  test('a receiver that hangs holds up no more letters than may be under way', async () => {
    const { time, send, tried, way } = stage({ atOnce: 2 })
    for (const key of ['a', 'b', 'c']) send(key, 'hangs')
    await time.advance(minute)
    expect([tried.length, way.size()]).toEqual([2, 3])
  })

  test('sends nothing while another process may be telling', async () => {
    let leads = false
    const { time, send, done } = stage({ may: () => leads })
    send('a')
    await time.advance(minute)
    expect(done).toEqual([])
    leads = true
    await time.advance(minute)
    expect(done).toEqual(['a delivered'])
  })

  test('forgets everything when it is cleared', async () => {
    const { time, send, done, way } = stage()
    send('a', later)
    send('b', 'hangs')
    await time.advance(100)
    way.clear()
    await time.advance(10 * minute)
    expect(done).toEqual([])
    expect([way.size(), time.pending()]).toEqual([0, 0])
  })
})
