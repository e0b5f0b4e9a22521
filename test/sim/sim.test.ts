/** The simulator itself: a few seeds, the same twice; a broken law is found, told and shrunk. The many are in sim.sim.test.ts. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { drawPlan } from './draw.ts'
import { mutants } from './mutants/mutants.ts'
import type { Plan } from './plan.ts'
import { runPool } from './pool.ts'
import { runPlan } from './run.ts'
import { simpler } from './shrink.ts'

test('a few seeds break no law, and tell the same story twice', async () => {
  const seeds = Array.from({ length: 6 }, (_, index) => index * 46)
  const options = { seeds, againEvery: 1, mostFailures: 1, shrinks: false, workers: 1 }
  const { failures, runs } = await runPool(options)
  expect(failures).toEqual([])
  expect(runs).toBe(12)
}, 120_000)

test('who deletes a release and leaves its pods keeps them, though its controller hears of it late', async () => {
  const { setting, ...plan } = drawPlan(0)
  const stale = { fault: 'stale', instance: 'A', forMs: 30_000 } as const
  // Only releases are told of late.
  const variants = [1, 4, 7, 10, 13]
  for (const variant of variants) {
    const outcome = await runPlan({
      ...plan,
      setting: { ...setting, topology: 'ReplicaSets by revision', router: 'gateway-api' },
      instances: 1,
      latencyMs: 5,
      farewell: false,
      strikes: [{ ...stale, variant, when: { kind: 'in', state: 'serving', afterMs: 1000 } }],
      deeds: [{ verb: 'leave', value: 0, when: { kind: 'in', state: 'serving', afterMs: 2000 } }],
    })
    expect(outcome.violation, outcome.story.join('\n')).toBeUndefined()
    expect(outcome.story.join()).toContain('leave')
  }
})

test('a smaller plan has one thing less', () => {
  const plan: Plan = drawPlan(7)
  const count = ({ strikes, deeds }: Plan): number => strikes.length + deeds.length
  const smaller = [...simpler(plan)]
  expect(smaller.length).toBeGreaterThan(count(plan))
  expect(smaller.slice(0, count(plan)).every((one) => count(one) === count(plan) - 1)).toBe(true)
})

test.each(mutants)('the text that a mutant changes stands once in its file: $name', (mutant) => {
  const url = new URL(`../../${mutant.file}`, import.meta.url)
  expect(readFileSync(url, 'utf8').split(mutant.from).length).toBe(2)
})
