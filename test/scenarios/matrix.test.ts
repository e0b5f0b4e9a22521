/**
 * Strategy × router × topology: every combination that is allowed takes a good release to its end and turns a bad one
 * back, in virtual time with faults from seeds; every other one is refused with its sentence before anything is made.
 */
import { describe, expect, test } from 'vitest'
import { readRelease } from '#core/api/read.ts'
import type { Release, ReleaseSpec } from '#core/api/release.ts'
import type { Strategy } from '#core/model/app.ts'
import { writtenHash } from '#core/revision.ts'
import { release, template } from '#test/gen/release.ts'
import { candidateRoles, combinations, refusal, type Topology, topologies } from './combinations.ts'
import { type Illness, Play } from './play.ts'

const analysis: NonNullable<ReleaseSpec['analysis']> = {
  provider: { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } },
  metrics: [
    { name: 'errors', template: 'error-rate', max: 5, interval: '1s', failures: 2, count: 2 },
  ],
}

type Kind = {
  readonly installed: Partial<ReleaseSpec>
  /** Asks for the version and sees it through to its end. */
  readonly run: (play: Play, image: string, illness: Illness) => void
}

const byTemplate: Kind['run'] = (play, image, illness) => {
  play.ask({ template: template(image) }, illness)
  play.toItsEnd()
}

/** Word by word until it serves, or is turned back. */
const byCommand: Kind['run'] = (play, image, illness) => {
  let version = 0
  const say = (weight: number, promote = false): void => {
    version += 1
    const own = template(image)
    const candidates = [{ name: 'b', template: own, version, weight, promote }]
    play.ask({ strategy: { commanded: { candidates } } }, illness, own)
    play.until(
      ({ trials, failed, reason, stable }) =>
        failed.length > 0 ||
        (promote
          ? trials.length === 0 && stable !== undefined
          : reason.type === 'WaitingForCommand' && trials[0]?.command?.version === version),
    )
  }
  say(25)
  if (play.book.failed.length === 0) say(50)
  if (play.book.failed.length === 0) say(50, true)
  play.toItsEnd()
}

/** Somebody names the winner of an experiment once it runs. */
const byConclusion: Kind['run'] = (play, image, illness) => {
  const candidates = [{ name: 'b', template: template(image), weight: 50 }]
  const experiment = { candidates, onConclusion: 'promote' as const }
  play.ask({ strategy: { experiment } }, illness, template(image))
  play.until(({ reason, failed }) => failed.length > 0 || reason.type === 'WaitingForJudgement')
  if (play.book.failed.length === 0 && illness === 'failing')
    play.until(({ failed }) => failed.length > 0)
  if (play.book.failed.length === 0)
    play.ask({ strategy: { experiment: { ...experiment, conclude: { winner: 'b' } } } })
  play.toItsEnd()
}

const plans: Readonly<Record<Strategy, Kind>> = {
  canary: {
    installed: {
      analysis,
      strategy: {
        canary: {
          steps: [{ weight: 25 }, { analysis: ['errors'] }, { weight: 50 }, { pause: '5s' }],
        },
      },
    },
    run: byTemplate,
  },
  blueGreen: {
    installed: {
      analysis,
      strategy: {
        blueGreen: {
          autoPromoteAfter: '5s',
          scaleDownDelay: '5s',
          postPromotion: { analysis: ['errors'] },
        },
      },
    },
    run: byTemplate,
  },
  experiment: {
    installed: { analysis, strategy: { experiment: { candidates: [{ name: 'b', weight: 50 }] } } },
    run: byConclusion,
  },
  rolling: { installed: { strategy: { rolling: { maxSurge: 1 } } }, run: byTemplate },
  commanded: {
    installed: { analysis, strategy: { commanded: { candidates: [] } } },
    run: byCommand,
  },
}

/** By role the old pods make room for the judged ones: nothing stays as a way back, and this is told by name below. */
const judgedBefore: Partial<ReleaseSpec> = {
  strategy: {
    blueGreen: {
      autoPromoteAfter: '5s',
      scaleDownDelay: '0s',
      prePromotion: { analysis: ['errors'] },
    },
  },
}

function releaseOf(strategy: Strategy, router: string, topology: Topology): Release {
  const candidate = candidateRoles[strategy]
  return release({
    progressDeadline: '1m',
    workloads: topologies[topology],
    traffic: router === 'service' ? { router } : { router, route: 'shop', settle: '200ms' },
    services: {
      stable: 'shop-stable',
      ...(candidate === undefined ? {} : { candidates: { [candidate]: `shop-${candidate}` } }),
    },
    ...plans[strategy].installed,
    ...(strategy === 'blueGreen' && topology.includes('by role') ? judgedBefore : {}),
  })
}

const seeds = [1, 2]
const [v1, v2] = ['shop:v1', 'shop:v2'].map((image) => writtenHash(template(image)))

describe.each(combinations)('$strategy × $router × $topology', (combination) => {
  const { strategy, router, topology } = combination
  const words = refusal(combination)
  const asked = releaseOf(strategy, router, topology)
  if (words !== undefined) {
    test('is refused', () => {
      const problems = [{ path: expect.any(String), message: expect.stringContaining(words) }]
      expect(readRelease(asked)).toEqual({ kind: 'problems', problems })
    })
    return
  }
  const { run } = plans[strategy]

  test.each(seeds)('takes a good release to its end (seed %i)', (seed) => {
    const play = new Play(asked, seed)
    run(play, 'shop:v2', 'well')
    expect([play.book.phase, play.book.failed]).toEqual(['Completed', []])
    expect([play.behind('stable'), play.pods()]).toEqual([new Set([v2]), { 'shop:v2': 4 }])
  })

  const illnesses: readonly Illness[] = strategy === 'rolling' ? ['dead'] : ['dead', 'failing']
  test.each(illnesses)('turns a release back whose pods are %s', (illness) => {
    const play = new Play(asked, 3)
    run(play, 'shop:v2', illness)
    expect(play.book.failed.length).toBe(1)
    expect([play.behind('stable'), play.pods()]).toEqual([new Set([v1]), { 'shop:v1': 4 }])
  })
})

const further: readonly (readonly [string, Partial<ReleaseSpec>, readonly [string, string][]])[] = [
  [
    'a way back and a judgement after the promotion, with workloads by role',
    { ...plans.blueGreen.installed, workloads: topologies['Deployments by role, replace'] },
    [
      ['spec.strategy.blueGreen.postPromotion', 'so that nothing could turn back after it'],
      ['spec.strategy.blueGreen.scaleDownDelay', 'they cannot stay as a way back; write 0s'],
    ],
  ],
  [
    'a handover of Deployments',
    { workloads: { kind: 'Deployment', naming: 'role', promotion: 'handover' } },
    [['spec.workloads.promotion', 'a Deployment does not let its pods go; write replace']],
  ],
  [
    'one workload for two roles',
    { workloads: { naming: 'role', names: { stable: 'shop', canary: 'shop' } } },
    [['spec.workloads.names', 'each role needs a workload of its own']],
  ],
]

test.each(further)('%s: refused', (_what, spec, expected) => {
  const problems = expected.map(([path, words]) => ({
    path,
    message: expect.stringContaining(words),
  }))
  expect(readRelease(release(spec))).toEqual({ kind: 'problems', problems })
})
