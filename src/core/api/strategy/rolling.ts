/** `spec.strategy.rolling`: the plain case, pod by pod behind one Service. */
import { plainPromotion } from '../../model/app.ts'
import type { Notes } from '../notes.ts'
import { object } from '../schema-parts.ts'
import type { StrategyForm } from './form.ts'

/** The role of the revision that comes in. It has no Service of its own. */
export const nextRole = 'next'

export type RollingStrategy = {
  readonly maxSurge?: number | string
  readonly maxUnavailable?: number | string
}

const share = (description: string, fallback: number | string) => ({
  'x-kubernetes-int-or-string': true,
  default: fallback,
  description,
})

export const rollingForm: StrategyForm<'rolling'> = {
  field: 'rolling',
  schema: object({
    maxSurge: share('Pods more than wanted while it rolls: a number or a share like 25%.', '25%'),
    maxUnavailable: share('Pods fewer than wanted meanwhile: a number or a share like 25%.', 0),
  }),
  rules: [],
  roles: () => [],
  read: ({ maxSurge = '25%', maxUnavailable = 0 }, _release, notes) => {
    check(maxSurge, 'maxSurge', notes)
    check(maxUnavailable, 'maxUnavailable', notes)
    return {
      strategy: 'rolling',
      candidates: [{ role: nextRole, own: undefined, steps: [], command: undefined }],
      promotion: { ...plainPromotion, how: 'roll', maxSurge, maxUnavailable },
    }
  },
}

function check(given: number | string, field: string, notes: Notes): void {
  const whole = typeof given === 'number' ? Number.isInteger(given) && given >= 0 : false
  const percent = typeof given === 'string' && /^(100|[1-9]?[0-9])%$/.test(given)
  if (whole || percent) return
  const hint = 'write a whole number or a share from 0% to 100%'
  notes.add(`spec.strategy.rolling.${field}`, `${JSON.stringify(given)} is no count; ${hint}`)
}
