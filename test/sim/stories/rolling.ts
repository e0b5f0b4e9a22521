/** A rolling update: pod by pod behind one Service. */
import type { Course } from './story.ts'

export const rolling: Course = {
  strategy: 'rolling',
  reaches: ['installing', 'promoting', 'retreating', 'failed', 'serving', 'held', 'retiring'],
  draw: (dice) => ({
    form: { rolling: { maxSurge: dice.pick([1, '25%', '100%']), maxUnavailable: 0 } },
    isJudged: false,
  }),
  ask: (_setting, template) => ({ template }),
  goOn: () => undefined,
  stepsOf: () => [],
  declared: () => 100,
  named: () => [],
}
