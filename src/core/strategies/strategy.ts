/** What a strategy wants to be true now, in terms that one mover makes true safely for all of them. */
import type { Facts } from '../facts.ts'
import { type RoleName, stable, type Weights, weightOf } from '../model/weights.ts'

export type Stance = {
  /** Which revision each role's Service selects. */
  readonly revisions: Readonly<Record<RoleName, string>>
  readonly weights: Weights
  /** Pods wanted by revision; a revision that is not named is not wanted at all. */
  readonly replicas: Readonly<Record<string, number>>
  /**
   * Forward moves wait until all of a weight can be carried. On the way back the share that can be carried moves at
   * once, and the rest as it can.
   */
  readonly hurry: boolean
}

/** The stance with no more traffic for any candidate than it has now. */
export function frozen(stance: Stance, { reading }: Facts): Stance {
  const current = reading.kind === 'read' ? reading.weights : {}
  const others = Object.keys(stance.weights).filter((role) => role !== stable)
  const kept = others.map(
    (role) =>
      [
        role,
        Math.min(weightOf(stance.weights, role), Math.floor(weightOf(current, role))),
      ] as const,
  )
  const rest = kept.reduce((left, [, weight]) => left - weight, 100)
  return { ...stance, weights: Object.fromEntries([[stable, rest], ...kept]) }
}
