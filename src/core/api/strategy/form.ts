/** How one strategy is written in a Release: its schema, the rules of it, and its reading into a plan. */
import type { Plan } from '../../model/app.ts'
import type { RoleName } from '../../model/weights.ts'
import type { Notes } from '../notes.ts'
import type { Release, ReleaseStrategy } from '../release.ts'
import type { Schema } from '../schema-parts.ts'

export type StrategyForm<Field extends keyof ReleaseStrategy> = {
  /** Its member of `spec.strategy`. */
  readonly field: Field
  readonly schema: Schema
  /** CEL rules over the whole spec. */
  readonly rules: readonly Schema[]
  /** The one candidate that it always has, whose Service is `services.candidate`; several have names of their own. */
  readonly only?: RoleName
  /** The roles of its candidates. */
  readonly roles: (given: NonNullable<ReleaseStrategy[Field]>) => readonly RoleName[]
  readonly read: (
    given: NonNullable<ReleaseStrategy[Field]>,
    release: Release,
    notes: Notes,
  ) => Plan
}
