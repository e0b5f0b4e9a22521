/** A candidate whose weight somebody outside gives, word by word. */
import type { Release } from '#core/api/release.ts'
import type { CommandedCandidate } from '#core/api/strategy/commanded.ts'
import { trialOf } from '../record.ts'
import type { Course } from './story.ts'

const words = [25, 50, 100] as const

export const commanded: Course = {
  strategy: 'commanded',
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
  draw: (dice, { isJudged, isBad, hasWayBack }) => ({
    form: {
      commanded: { candidates: [], scaleDownDelay: hasWayBack ? dice.pick(['0s', '5s']) : '0s' },
    },
    isJudged: isBad || isJudged || dice.chance(0.5),
  }),
  ask: (_setting, template, version) => spoken({ name: 'b', template, version, weight: words[0] }),
  goOn: (release, version) => {
    const given = candidate(release)
    if (given === undefined || given.promote === true) return undefined
    const next = words.find((weight) => weight > given.weight)
    return next === undefined || next === 100
      ? spoken({ ...given, version, promote: true })
      : spoken({ ...given, version, weight: next })
  },
  withdraw: () => ({ strategy: { commanded: { candidates: [] } } }),
  stepsOf: () => [],
  declared: (release) => trialOf(release)?.command?.weight ?? 0,
  named: (release) => [candidate(release)?.weight ?? 0, trialOf(release)?.command?.weight ?? 0],
}

function spoken(candidate: CommandedCandidate): object {
  return { strategy: { commanded: { candidates: [candidate] } } }
}

function candidate({ spec }: Release): CommandedCandidate | undefined {
  return spec.strategy.commanded?.candidates[0]
}
