/** Blue-green: all pods of the new colour, a look at them, one turn of the selector, and the old colour for a while. */
import { states } from '../plan.ts'
import type { Course } from './story.ts'

export const blueGreen: Course = {
  strategy: 'blueGreen',
  reaches: states,
  draw: (dice, { state, isJudged, isBad, hasWayBack }) => {
    const judged = isBad || isJudged || state === 'analysing' || dice.chance(0.4)
    const before = judged && (!hasWayBack || state === 'analysing' || dice.chance(0.5))
    const wait = state === 'approving' || dice.chance(0.15) ? undefined : `${dice.whole(2, 6)}s`
    const after = judged && hasWayBack && !before
    const form = {
      ...(wait === undefined ? {} : { autoPromoteAfter: wait }),
      ...(before ? { prePromotion: { analysis: ['errors'] } } : {}),
      ...(after ? { postPromotion: { analysis: ['errors'] } } : {}),
      scaleDownDelay: hasWayBack ? dice.pick(['0s', '5s', '20s']) : '0s',
    }
    return { form: { blueGreen: form }, isJudged: judged }
  },
  ask: (_setting, template) => ({ template }),
  goOn: () => undefined,
  stepsOf: ({ spec }) => {
    const { autoPromoteAfter, prePromotion } = spec.strategy.blueGreen ?? {}
    return [
      { weight: 0 },
      ...(prePromotion === undefined ? [] : [prePromotion]),
      { pause: autoPromoteAfter ?? {} },
    ]
  },
  declared: () => 0,
  named: () => [],
}
