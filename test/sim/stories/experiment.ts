/** An experiment with one candidate beside stable, until somebody says who has won. */
import type { Release } from '#core/api/release.ts'
import type { ExperimentStrategy } from '#core/api/strategy/experiment.ts'
import { testHeader } from '../match-rules.ts'
import type { Course } from './story.ts'

export const experiment: Course = {
  strategy: 'experiment',
  reaches: [
    'installing',
    'weighing',
    'approving',
    'held',
    'promoting',
    'retreating',
    'failed',
    'serving',
    'retiring',
  ],
  draw: (dice, { isJudged, isBad, mayMatch }) => {
    const weight = dice.pick([10, 25, 50])
    const share = mayMatch && dice.chance(0.4) ? { match: [{ header: testHeader }] } : { weight }
    return {
      form: { experiment: { candidates: [{ name: 'b', ...share }], onConclusion: 'promote' } },
      isJudged: isBad || isJudged || dice.chance(0.5),
    }
  },
  ask: ({ form }, template) => {
    const [first] = form.experiment?.candidates ?? []
    const candidates = [{ ...first, template }]
    return { strategy: { experiment: { ...form.experiment, candidates, conclude: null } } }
  },
  goOn: (release) => {
    const given = asked(release)
    if (given === undefined || given.conclude !== undefined) return undefined
    return { strategy: { experiment: { conclude: { winner: 'b' } } } }
  },
  withdraw: () => ({ strategy: { experiment: { conclude: { winner: 'stable' } } } }),
  stepsOf: (release) => [{ weight: weightIn(release) }, { pause: {} }],
  declared: weightIn,
  named: (release) => [weightIn(release)],
}

function weightIn(release: Release): number {
  return asked(release)?.candidates[0]?.weight ?? 0
}

function asked({ spec }: Release): ExperimentStrategy | undefined {
  return spec.strategy.experiment
}
