/** A canary by steps. */
import type { Release } from '#core/api/release.ts'
import type { ReleaseStep } from '#core/api/strategy/canary.ts'
import { states } from '../plan.ts'
import type { Dice } from '../random.ts'
import { trialOf } from '../record.ts'
import type { Course, Wish } from './story.ts'

export const canary: Course = {
  strategy: 'canary',
  reaches: states,
  draw: (dice, wish) => {
    const { steps, isJudged } = drawSteps(dice, wish)
    return { form: { canary: { steps } }, isJudged }
  },
  ask: (_setting, template) => ({ template }),
  goOn: () => undefined,
  stepsOf: steps,
  declared: (release) => {
    const step = trialOf(release)?.step ?? 0
    return steps(release)
      .slice(0, step + 1)
      .reduce((weight, one) => one.weight ?? weight, 0)
  },
  named: (release) => steps(release).flatMap(({ weight }) => weight ?? []),
}

function steps({ spec }: Release): readonly ReleaseStep[] {
  return spec.strategy.canary?.steps ?? []
}

function drawSteps(
  dice: Dice,
  { state, isJudged, isBad }: Wish,
): { readonly steps: readonly ReleaseStep[]; readonly isJudged: boolean } {
  const first = dice.pick([5, 20, 25, 50])
  const steps: ReleaseStep[] = [{ weight: first, ...(dice.chance(0.2) ? { replicas: 1 } : {}) }]
  const analysis = isBad || isJudged || state === 'analysing' || dice.chance(0.4)
  if (state === 'pausing' || dice.chance(0.4)) steps.push({ pause: `${dice.whole(2, 8)}s` })
  if (state === 'approving' || dice.chance(0.15)) steps.push({ pause: {} })
  if (analysis && (state === 'analysing' || dice.chance(0.5))) steps.push({ analysis: ['errors'] })
  if (dice.chance(0.5)) steps.push({ weight: dice.pick([50, 75, 100]) })
  if (dice.chance(0.2)) steps.push({ pause: '3s' })
  if (dice.chance(0.1)) steps.unshift({ weight: 0 })
  return { steps, isJudged: analysis }
}
