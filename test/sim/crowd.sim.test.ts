/** L5: one poisoned release beside many costs the others nothing that could be felt. */
import { expect, test } from 'vitest'
import { runCrowd } from './crowd.ts'

/** CROWD chooses another number. */
const count = Number(process.env['CROWD'] ?? 40)

test(`one poisoned release beside ${count} others slows none of them down by more than a fifth`, async () => {
  const [alone, beside] = [await runCrowd(count, false), await runCrowd(count, true)]
  const worst = (took: readonly number[]): number => Math.max(...took)
  expect(worst(beside.took)).toBeLessThanOrEqual(1.2 * worst(alone.took))
  // Nor is it tried without end.
  expect(beside.triesPerMinute).toBeLessThan(60)
  expect(beside.triesPerMinute).toBeGreaterThan(0)
}, 300_000)
