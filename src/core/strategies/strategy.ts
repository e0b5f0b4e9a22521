/** What a strategy wants to be true now, in terms that one mover makes true safely for all of them. */
import type { RoleName, Weights } from '../model/weights.ts'

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
