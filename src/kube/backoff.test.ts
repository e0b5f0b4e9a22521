/** Waits after failures: 0.8 s doubling to 30 s, by chance within each, small again after calm. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { backoff } from './backoff.ts'
import { virtualClock } from './virtual-clock.ts'

const minute = 60_000

for (const [chance, first, last] of [
  [0, 400, 15_000],
  [0.5, 600, 22_500],
  [0.999, 800, 30_000],
] as const) {
  test(`with chance ${chance}: from ${first} ms, doubling, to ${last} ms`, async () => {
    const { clock, advance } = virtualClock()
    const pause = backoff({ clock, random: () => chance, newId: () => '' })
    const waits: number[] = []
    for (let failure = 0; failure < 10; failure += 1) {
      const waitMs = pause.next()
      waits.push(Math.round(waitMs))
      await advance(waitMs)
    }
    const ceilings = [1, 2, 4, 8, 16, 32, 37.5, 37.5, 37.5, 37.5]
    const close = (a: number, b: number): boolean => Math.abs(a - b) <= b * 0.01
    assert.ok(waits.every((waitMs, i) => close(waitMs, first * (ceilings[i] ?? 0))))
    assert.ok(close(waits.at(-1) ?? 0, last))
  })
}

test('the server may ask for more patience than ours, up to two minutes', () => {
  const { clock } = virtualClock()
  const pause = backoff({ clock, random: () => 0, newId: () => '' })
  assert.equal(pause.next(60_000), 60_000)
  assert.equal(pause.next(3_600_000), 120_000)
  assert.ok(pause.next(1) >= 1600)
})

test('after two calm minutes, counted from the end of the last wait, waits start small again', async () => {
  const { clock, advance } = virtualClock()
  const pause = backoff({ clock, random: () => 0, newId: () => '' })
  for (let failure = 0; failure < 8; failure += 1) await advance(pause.next())
  await advance(2 * minute)
  const waitMs = pause.next()
  assert.equal(waitMs, 15_000)
  await advance(waitMs + 2 * minute + 1)
  assert.equal(pause.next(), 400)
})
