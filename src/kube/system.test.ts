/** The real clock: delays that no timer can take. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from './system.ts'

const warnings: string[] = []
const note = ({ name }: Error): void => void warnings.push(name)

beforeEach(() => {
  warnings.length = 0
  process.on('warning', note)
})
afterEach(() => void process.off('warning', note))

const turns = async (): Promise<void> => {
  for (let count = 0; count < 3; count += 1) await new Promise(setImmediate)
}

test.each([0, -1, -1e12, Number.NEGATIVE_INFINITY])(
  'a delay of %d ms calls back soon, and Node has nothing to complain about',
  async (delayMs) => {
    await new Promise<void>((resolve) => void systemClock().after(delayMs, resolve))
    await turns()
    expect(warnings).toEqual([])
  },
)

test.each([2 ** 31, 3650 * 86_400_000, Number.POSITIVE_INFINITY])(
  'a delay of %d ms does not fire at once',
  async (delayMs) => {
    let fired = false
    const cancel = systemClock({ speed: 0.5 }).after(delayMs, () => {
      fired = true
    })
    await new Promise<void>((resolve) => void systemClock().after(20, resolve))
    cancel()
    await turns()
    expect([fired, warnings]).toEqual([false, []])
  },
)
