/** Names of the rules by match that are ours: those of the door, else `headgate-ROLE`, `headgate-ROLE-2`, … */
import { entry } from '../entry.ts'
import type { RoleName } from '../model/weights.ts'
import type { RouterApp } from './router.ts'

export type RuleNames = {
  readonly at: (index: number) => string
  readonly fits: (name: string) => boolean
}

export function namesOf({ traffic }: Pick<RouterApp, 'traffic'>, role: RoleName): RuleNames {
  const given = entry(traffic.matchNames, role) ?? []
  const base = `headgate-${role}`
  const numbered = new RegExp(`^-([2-9]|[1-9]\\d+)$`)
  return {
    at: (index) => given[index] ?? (index === 0 ? base : `${base}-${index + 1}`),
    fits: (name) =>
      given.includes(name) ||
      name === base ||
      (name.startsWith(base) && numbered.test(name.slice(base.length))),
  }
}
