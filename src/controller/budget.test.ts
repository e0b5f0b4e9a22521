import { expect, test } from 'vitest'
import { nothingSpent, spend, waitFor } from './budget.ts'

test('two hundred writes at once, then four a second', () => {
  let spent = nothingSpent
  let now = 1000
  let early = 0
  while (waitFor(spent, now) === 0) {
    spent = spend(spent, 1, now)
    early += 1
  }
  expect(early).toBe(200)
  const times = Array.from({ length: 8 }, () => {
    now += waitFor(spent, now)
    spent = spend(spent, 1, now)
    return now
  })
  expect(times).toEqual([1250, 1500, 1750, 2000, 2250, 2500, 2750, 3000])
})

test('what was written wears off', () => {
  const spent = spend(nothingSpent, 240, 0)
  expect(waitFor(spent, 0)).toBe(10_250)
  expect(waitFor(spent, 10_250)).toBe(0)
  expect(waitFor(spend(spent, 1, 60_000), 60_000)).toBe(0)
})

test('nothing written costs nothing', () => {
  expect(spend(nothingSpent, 0, 5000)).toBe(nothingSpent)
})
