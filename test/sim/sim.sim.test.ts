/** Every commit: two thousand seeds, each run twice, on two threads. SEEDS and FROM choose others. */
import { beforeAll, expect, test } from 'vitest'
import { type BatchResult, failureText } from './batch.ts'
import { coverageText, missing } from './coverage.ts'
import { runPool } from './pool.ts'

const count = Number(process.env['SEEDS'] ?? 2200)
const from = Number(process.env['FROM'] ?? 0)
const seeds = Array.from({ length: count }, (_, index) => from + index)
let result: BatchResult

beforeAll(async () => {
  result = await runPool({ seeds, twice: true, mostFailures: 3, shrinks: true, workers: 2 })
  process.stdout.write(`${coverageText(result.counts)}\n`)
}, 600_000)

test('no law is broken, and every seed tells the same story twice', () => {
  expect(result.failures.map(failureText).join('\n\n')).toBe('')
})

test('every fault struck in every state', () => {
  expect(missing(result.counts).emptyCells).toEqual([])
})

test('a process died around every write that there is', () => {
  const { missedPoints, strangers } = missing(result.counts)
  expect([missedPoints, strangers]).toEqual([[], []])
})
