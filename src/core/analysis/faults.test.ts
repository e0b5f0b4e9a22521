/**
 * Whatever the provider does wrong, a release on trial goes nowhere for it: the whole table, under each policy, from a
 * first weight with an analysis before the second.
 */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { template } from '#test/gen/release.ts'
import { installed, noSeries, outage, type Pace, pass, value } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import type { ReleaseMetric } from '../api/release-analysis.ts'
import type { HttpAnswer } from '../http-ask.ts'
import type { Policy } from '../model/analysis.ts'
import type { Verdict } from '../model/notebook.ts'

const raw = (body: string, status = 200): HttpAnswer => ({ kind: 'answer', status, body })
const vector = (result: string): HttpAnswer =>
  raw(`{"status":"success","data":{"resultType":"vector","result":${result}}}`)

const faults: readonly (readonly [string, Verdict, HttpAnswer])[] = [
  ['down', 'error', outage],
  ['slow', 'error', { kind: 'failed', message: 'no complete answer within 10 s' }],
  ['100 MB', 'error', { kind: 'failed', message: 'the answer is larger than 1048576 bytes' }],
  ['a gzip bomb', 'error', { kind: 'failed', message: 'the answer is larger than 1048576 bytes' }],
  ['status error', 'error', raw('{"status":"error","errorType":"execution","error":"x"}', 422)],
  ['status error with 200', 'error', raw('{"status":"error","errorType":"timeout","error":"x"}')],
  ['NaN', 'noData', value('NaN')],
  ['+Inf', 'error', value('+Inf')],
  ['-Inf', 'error', value('-Inf')],
  ['empty', 'noData', noSeries],
  ['several series', 'error', vector('[{"value":[0,"0"]},{"value":[0,"0"]}]')],
  ['a string', 'error', value('zero')],
  ['a missing value', 'error', vector('[{"metric":{}}]')],
  ['a stale sample', 'noData', vector('[{"metric":{},"value":[1,"0"]}]')],
]

function begun(changes: Partial<ReleaseMetric>): World {
  const steps = [{ weight: 25 }, { analysis: ['errors'] }, { weight: 50 }]
  const world = installed({ strategy: { canary: { steps } }, analysis: analysis(changes) })
  world.ask({ template: template('shop:v2') })
  return world
}

/** The most that the candidate ever gets. */
function most(world: World, pace: Pace, passes = 60): number {
  let weight = 0
  for (let turn = 0; turn < passes; turn += 1) {
    pass(world, pace)
    weight = Math.max(weight, world.weights()['shop-canary'] ?? 0)
  }
  return weight
}

function verdictOf(world: World): string | undefined {
  return world.release.status?.measurements?.[0]?.verdict
}

describe('never forward', () => {
  test('unless the answer is good', () => {
    expect(most(begun({}), { metrics: () => value('0') })).toBe(100)
  })

  for (const [name, verdict, answer] of faults) {
    for (const policy of ['hold', 'rollback'] as const satisfies readonly Policy[]) {
      test(`${name}, ${policy}: ${verdict}`, () => {
        const world = begun({ onNoData: policy, onError: policy, failures: 3 })
        expect(most(world, { metrics: () => answer })).toBe(25)
        const { phase } = world.release.status ?? {}
        if (policy === 'hold') expect([verdictOf(world), phase]).toEqual([verdict, 'Progressing'])
        else expect([phase, world.weights()['shop-canary']]).toEqual(['Failed', 0])
      })
    }

    test(`${name} of stable, in a comparison`, () => {
      const world = begun({ compare: 'ratio', max: 1.5 })
      // The companions never come in this world, which is the same as coming broken.
      expect(most(world, { metrics: () => (name === 'down' ? value('0') : answer) })).toBe(25)
    })
  }
})
