/** Experiments and gates as they are written in a Release: what they are read as, and what to write instead. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { release, template } from '#test/gen/release.ts'
import type { App } from '../model/app.ts'
import { readRelease } from './read.ts'
import type { ReleaseGate } from './read-gate.ts'
import type { ReleaseSpec } from './release.ts'
import type { ExperimentStrategy } from './strategy/experiment.ts'
import type { ReleaseJudge } from './strategy/judge.ts'

const counts = { success: 'sum(x{ {{labels}} })', total: 'sum(y{ {{labels}} })' }
const judge: ReleaseJudge = { ...counts, direction: 'higher' }
const b = { name: 'b', weight: 20, template: template('shop:b') }
const metrics = { ...analysis(), metrics: [] }

function spec(changes: Partial<ExperimentStrategy>, more: Partial<ReleaseSpec> = {}): ReleaseSpec {
  const experiment = { candidates: [b], judge, ...changes }
  return { ...release().spec, strategy: { experiment }, analysis: metrics, ...more }
}

function gate(given: ReleaseGate, first: object = { weight: 10 }): ReleaseSpec {
  return { ...release().spec, strategy: { canary: { steps: [first, { gate: given }] } } }
}

function read(given: ReleaseSpec): App {
  const found = readRelease({ ...release(), spec: given })
  if (found.kind !== 'app') throw new Error(JSON.stringify(found.problems))
  return found.app
}

describe('an experiment', () => {
  test('is candidates by steps that end in a judgement, and what ends it', () => {
    const { plan, services } = read(spec({ maxDuration: '24h', minDuration: '1h' }))
    expect(plan.candidates[0]).toMatchObject({
      role: 'b',
      steps: [{ kind: 'weight', weight: 20 }, { kind: 'judge' }],
    })
    expect(services).toEqual({ stable: 'shop-stable', b: 'shop-b' })
    expect(plan.experiment).toMatchObject({
      minDurationMs: 3_600_000,
      maxDurationMs: 86_400_000,
      onConclusion: 'promote',
      judges: [
        {
          gives: 'count',
          options: { confidence: 0.95, minSamples: 30, looks: 'sequential', direction: 'higher' },
        },
      ],
    })
  })

  test('by match has its pods before its rule', () => {
    const match = [
      { header: { name: 'x-variant', value: 'b.*', regex: true } },
      { cookie: { name: 'variant', value: 'b' } },
    ]
    const { plan } = read(spec({ candidates: [{ name: 'b', match, replicas: 2 }] }))
    expect(plan.candidates[0]?.steps).toEqual([
      { kind: 'replicas', replicas: 2 },
      {
        kind: 'match',
        matches: [
          { kind: 'header', name: 'x-variant', value: 'b.*', regex: true },
          { kind: 'cookie', name: 'variant', value: 'b' },
        ],
      },
      { kind: 'judge' },
    ])
  })

  test('has a place for another template of stable only where every candidate has its own', () => {
    const own = read(spec({})).plan.candidates
    expect(own.map(({ role, how }) => [role, how])).toEqual([
      ['b', undefined],
      ['next', 'switch'],
    ])
    const { plan } = read(spec({ candidates: [b, { name: 'c', weight: 10 }] }))
    expect(plan.candidates.map(({ role }) => role)).toEqual(['b', 'c'])
  })

  test('can be judged by a metric of the analysis that is a share', () => {
    const by: ReleaseJudge = { metric: 'errors', direction: 'lower', sequential: false }
    const { plan } = read(spec({ judge: by }, { analysis: analysis() }))
    expect(plan.experiment?.judges[0]).toMatchObject({
      gives: 'percent',
      metric: { name: 'judge:errors', compare: 'difference', minSamples: 1 },
      options: { looks: 'fixed', direction: 'lower' },
    })
  })
})

const path = 'spec.strategy.experiment'
const gates = 'spec.strategy.canary.steps[1].gate'
const wrong: readonly (readonly [string, ReleaseSpec, string, string])[] = [
  ['no candidate', spec({ candidates: [] }), `${path}.candidates`, 'should have at least 1'],
  [
    'weights above 100',
    spec({ candidates: [b, { ...b, name: 'c', weight: 90 }] }),
    `${path}.candidates`,
    'weights add up to 110',
  ],
  [
    'neither weight nor match',
    spec({ candidates: [{ name: 'b' }] }),
    `${path}.candidates[0]`,
    'must have exactly one of weight and match',
  ],
  [
    'a candidate called stable',
    spec({ candidates: [{ ...b, name: 'stable' }] }),
    `${path}.candidates[0].name`,
    'stable has a meaning of its own',
  ],
  [
    'a least time above the longest',
    spec({ minDuration: '2h', maxDuration: '1h' }),
    `${path}.minDuration`,
    'is longer than maxDuration',
  ],
  [
    'an unknown winner',
    spec({ conclude: { winner: 'x' } }),
    `${path}.conclude.winner`,
    'x is no candidate',
  ],
  [
    'a judge with nobody to ask',
    (({ analysis: _, ...rest }) => rest)(spec({})),
    `${path}.judge`,
    'has nobody to ask; write spec.analysis.provider',
  ],
  [
    'a judge by an unknown metric',
    spec({ judge: { metric: 'x', direction: 'lower' } }),
    `${path}.judge.metric`,
    'x is not defined in spec.analysis.metrics',
  ],
  [
    'a judge by a latency',
    spec(
      { judge: { metric: 'slow', direction: 'lower' } },
      { analysis: analysis({ name: 'slow', template: 'latency-p95' }) },
    ),
    `${path}.judge.metric`,
    'slow is no share of a number of requests',
  ],
  [
    'a judge that counts with an unknown argument',
    spec({ judge: { ...judge, success: 'sum(x{a="{{nobody}}"})' } }),
    `${path}.judge`,
    'uses the unknown argument {{nobody}}',
  ],
  [
    'a cookie that cannot be one',
    spec({ candidates: [{ name: 'b', match: [{ cookie: { name: 'v', value: 'a;b' } }] }] }),
    `${path}.candidates[0].match[0].cookie.value`,
    'cannot be the value of a cookie',
  ],
  ['a gate of no kind', gate({}), gates, 'must have exactly one of health, webhook, approval'],
  [
    'a health gate before there are pods',
    gate({ health: { path: '/healthz' } }, { weight: 0 }),
    `${gates}.health`,
    'comes before the candidate has pods',
  ],
  [
    'a health path that is none',
    gate({ health: { path: '//evil.example.com/' } }),
    `${gates}.health.path`,
    'is no path; write one like /healthz',
  ],
  [
    'a webhook with a password in its address',
    gate({ webhook: { url: 'http://ann:secret@gate.svc/' } }),
    `${gates}.webhook.url`,
    'is no http or https address',
  ],
  [
    'a webhook with credentials in a header',
    gate({ webhook: { url: 'http://gate.team.svc/', headers: { Authorization: 'Bearer x' } } }),
    `${gates}.webhook.headers.Authorization`,
    'credentials go into the Secret of secretRef',
  ],
]

describe('what cannot be is told with what to write', () => {
  for (const [name, given, field, message] of wrong) {
    test(name, () => {
      const found = readRelease({ ...release(), spec: given })
      if (found.kind !== 'problems') throw new Error('it was taken')
      const problem = found.problems.find(({ path: at }) => at === field)
      expect(problem?.message ?? JSON.stringify(found.problems)).toContain(message)
    })
  }
})
