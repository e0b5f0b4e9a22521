/**
 * Every commit: two thousand seeds in two processes, a part of them twice. SEEDS, FROM and AGAIN choose others: AGAIN=1
 * runs each of them twice.
 */
import { beforeAll, expect, test } from 'vitest'
import { failureText } from './batch.ts'
import { coverageText, missing } from './coverage.ts'
import { type PoolResult, runPool } from './pool.ts'

const count = Number(process.env['SEEDS'] ?? 2000)
const from = Number(process.env['FROM'] ?? 0)
const againEvery = Number(process.env['AGAIN'] ?? 32)
const seeds = Array.from({ length: count }, (_, index) => from + index)
const workers = 2
let result: PoolResult

beforeAll(async () => {
  const startedAt = performance.now()
  result = await runPool({ seeds, againEvery, mostFailures: 3, shrinks: true, workers })
  const seconds = (performance.now() - startedAt) / 1000
  const hourly = Math.round((result.runs * 3600) / seconds / workers)
  process.stdout.write(
    `${coverageText(result.counts)}
${result.runs} runs, ${result.replays} of them for a second time, in ${seconds.toFixed(0)} s: ${hourly} an hour and core; ${result.megabytes} MB a process
`,
  )
}, 1_500_000)

test('no law is broken, and a seed tells the same story twice', () => {
  expect(result.failures.map(failureText).join('\n\n')).toBe('')
  expect(result.replays).toBeGreaterThanOrEqual(Math.floor(count / againEvery) - workers)
})

test('every fault struck in every state', () => {
  expect(missing(result.counts).emptyCells).toEqual([])
})

test('every allowed combination of strategy, router and topology came to a good and to a bad end', () => {
  expect(missing(result.counts).untold).toEqual([])
})

test('a process died around every write that there is', () => {
  const { missedPoints, strangers } = missing(result.counts)
  expect([missedPoints, strangers]).toEqual([[], []])
})
