/** The page of fields is that of the definitions, and misses none. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { definitions } from '#doors/definitions.ts'
import { page } from '../../scripts/fields.ts'

test('docs/fields.md is what `node scripts/fields.ts` writes', () => {
  expect(readFileSync('docs/fields.md', 'utf8')).toBe(page())
})

test('every resource has its section, with fields of any depth and their limits', () => {
  const sections = [...page().matchAll(/^## (\w+)$/gm)].map(([, kind]) => kind)
  expect(sections).toEqual(definitions.map(({ spec }) => spec.names.kind))
  for (const line of [
    '- `spec.strategy.canary.steps[].weight` (whole number; from 0 to 100)',
    '- `spec.progressDeadline` (text; default `"10m"`)',
    '- `spec.traffic.router` (text; `gateway-api`',
    '- `spec.image` (text; required)',
  ])
    expect(page()).toContain(line)
})
