/** The strategies that a Release can ask for. A new one is a file and a line here. */
import type { Plan } from '../../model/app.ts'
import type { RoleName } from '../../model/weights.ts'
import type { Notes } from '../notes.ts'
import type { Release, ReleaseStrategy } from '../release.ts'
import { object, type Schema } from '../schema-parts.ts'
import { blueGreenForm } from './blue-green.ts'
import { canaryForm } from './canary.ts'
import { commandedForm } from './commanded.ts'
import { experimentForm } from './experiment.ts'
import type { StrategyForm } from './form.ts'
import { rollingForm } from './rolling.ts'

type AnyForm = { [F in keyof ReleaseStrategy]-?: StrategyForm<F> }[keyof ReleaseStrategy]

const forms: readonly AnyForm[] = [
  canaryForm,
  blueGreenForm,
  rollingForm,
  commandedForm,
  experimentForm,
]
const fields = forms.map(({ field }) => field)

/** The schema of `spec.strategy`: exactly one of them. */
export const strategySchema: Schema = object(
  Object.fromEntries(forms.map(({ field, schema }) => [field, schema])),
  { oneOf: fields.map((field) => ({ required: [field] })) },
)

/** Their rules over the whole spec. */
export const strategyRules: readonly Schema[] = forms.flatMap(({ rules }) => rules)

/** The roles of the candidates that a Release names, and the one that it always has, if so. */
export function candidateRoles({ strategy }: Release['spec']): {
  readonly roles: readonly RoleName[]
  readonly only: RoleName | undefined
} {
  const form = formOf(strategy)
  return { roles: form?.roles(strategy[form.field] as never) ?? [], only: form?.only }
}

/** The plan that a Release asks for; an empty one, with a note, where it names no strategy or several. */
export function readPlan(release: Release, notes: Notes): Plan | undefined {
  const { strategy } = release.spec
  const form = formOf(strategy)
  if (form === undefined) {
    notes.add('spec.strategy', `must have exactly one of ${fields.join(', ')}`)
    return undefined
  }
  return form.read(strategy[form.field] as never, release, notes)
}

function formOf(strategy: ReleaseStrategy): AnyForm | undefined {
  const given = forms.filter(({ field }) => strategy[field] !== undefined)
  return given.length === 1 ? given[0] : undefined
}
