/** Range queries that look back themselves: nothing from before the candidate's traffic may be seen (CD08). */
import { expect, test } from 'vitest'
import { metric } from '#test/gen/metric.ts'
import { prometheus } from './prometheus.ts'

const at = 1_000_000
const subject = { namespace: 'n', rollout: 'r', revision: 'x', role: 'canary', service: 's' }

/** Seconds before the end at which the first point lies. */
function firstPoint(windowMs: number, lookBackMs: number | undefined): number {
  const range = {
    stepMs: 5000,
    reduce: 'last',
    ...(lookBackMs === undefined ? {} : { lookBackMs }),
  } as const
  const ref = {
    kind: 'prometheus',
    address: 'http://p',
    headers: {},
    secret: undefined,
    caBundle: undefined,
  } as const
  const question = { metric: metric({ range }), part: 'value', subject, windowMs, at } as const
  const { searchParams } = new URL(prometheus.ask(ref, question).url)
  expect(Number(searchParams.get('end'))).toBe(at / 1000)
  return at / 1000 - Number(searchParams.get('start'))
}

const rows = [
  ['without a word, the first point looks back one step', 30_000, undefined, 25],
  ['a query that looks back nowhere begins at the beginning', 30_000, 0, 30],
  ['one that looks back 20 s begins 20 s later', 30_000, 20_000, 10],
  [
    'one that looks back further than the candidate lives has its last point alone',
    30_000,
    300_000,
    0,
  ],
] as const
for (const [name, windowMs, lookBackMs, seconds] of rows)
  test(name, () => expect(firstPoint(windowMs, lookBackMs)).toBe(seconds))
