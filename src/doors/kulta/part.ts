/** What a strategy of KULTA means for the engine: the part of an app that differs between them. */
import type { Notes } from '#core/api/notes.ts'
import type { Analysis } from '#core/model/analysis.ts'
import type { App, Plan, RoleSeat, Traffic } from '#core/model/app.ts'
import type { RoleName } from '#core/model/weights.ts'
import { labels } from './rollout.ts'

/** What is read beside the strategy itself. */
export type Reading = {
  readonly notes: Notes
  /** Of the Rollout. */
  readonly name: string
  readonly replicas: number
  /** Whom to ask for metrics where the Rollout does not say. */
  readonly address: string | undefined
}

export type Part = {
  readonly plan: Plan
  readonly services: App['services']
  readonly seats: Readonly<Record<RoleName, RoleSeat>>
  /** Of Services that Headgate makes; undefined where there are none. */
  readonly port: number | undefined
  readonly route: string | undefined
  readonly matchNames?: NonNullable<Traffic['matchNames']>
  readonly analysis: Analysis | undefined
  /** Where the strategy stands, for mistakes. */
  readonly path: string
}

/**
 * The seats of roles: `{name}-{word}`, told apart by KULTA's label `type`; `revision` is the same for metrics, where the
 * role that users trust is always called stable.
 */
export function seats(
  words: Readonly<Record<RoleName, string>>,
  name: string,
): Readonly<Record<RoleName, RoleSeat>> {
  return Object.fromEntries(
    Object.entries(words).map(([role, word]) => [
      role,
      { name: `${name}-${word}`, labels: { [labels.type]: word, revision: role } },
    ]),
  )
}
