/** Plans as text: what is said where nothing moves. */
import { expect, test } from 'vitest'
import type { Plan } from '#releases/plan/plan.ts'
import { shown } from './show.ts'

const plan: Plan = {
  ...{ door: 'headgate', namespace: 'default', name: 'shop', verdict: 'planned' },
  ...{ strategy: 'canary', steps: [], gates: [], expectedMs: 0, openWaits: 0 },
  ...{ refused: [], assumed: [], leftOut: [] },
  end: { phase: 'Completed', reason: 'Serving', message: 'revision r1 serves' },
}

test('where only the phase changes, that is the plan', () => {
  expect(shown([plan], 'text')).toBe(
    'headgate default/shop: canary, 0s besides the start of pods\n  0s       Completed: revision r1 serves\n',
  )
})

test('where nothing does, it is one line', () => {
  expect(shown([{ ...plan, verdict: 'unchanged' }], 'text')).toBe(
    'headgate default/shop: nothing would change\n',
  )
})
