/** What a plan wants to be true now, in terms that one mover makes true safely for all strategies. */
import { entry } from '../entry.ts'
import type { Facts } from '../facts.ts'
import { type RoleName, stable, type Weights, weightOf } from '../model/weights.ts'
import type { Matches } from '../traffic/router.ts'

export type Stance = {
  /** Which revision each role's Service selects; a role that is not named is left as it is. */
  readonly revisions: Readonly<Record<RoleName, string>>
  readonly weights: Weights
  /** Requests that go to a role whatever the weights; a role that is not named has no rule of its own. */
  readonly matches: Matches
  readonly pods: readonly PodsWanted[]
  /** The stable Service selects the pods of all these revisions, and traffic goes by their number. */
  readonly pooled: boolean
  /** The stable Deployment may exchange its pods while it has traffic. */
  readonly inPlace?: boolean
  /** A candidate's pods are given to the stable role: see by-role.ts. `pods` may go now. */
  readonly handover?: {
    readonly role: RoleName
    readonly revision: string
    readonly part: 'carry' | 'release' | 'orphan' | 'refill' | 'relabel'
    readonly pods?: number
  }
  /** Not yet all that the step asks for, because only so many pods may come and go at a time: what is left, in words. */
  readonly bounded?: string
  /**
   * Forward moves wait until all of a weight can be carried. On the way back the share that can be carried moves at
   * once, and the rest as it can.
   */
  readonly hurry: boolean
}

/** Pods of a revision, for a role. A workload that no entry names is not wanted at all. */
export type PodsWanted = {
  readonly role: RoleName
  readonly revision: string
  readonly replicas: number
}

/** The most pods that any role wants of a revision; undefined where none wants it. */
export function podsOf({ pods }: Stance, revision: string, role?: RoleName): number | undefined {
  const wanted = pods.filter(
    (one) => one.revision === revision && (role === undefined || one.role === role),
  )
  return wanted.length === 0 ? undefined : Math.max(...wanted.map(({ replicas }) => replicas))
}

/** The stance with no more traffic for these candidates than they have now. */
export function frozen(stance: Stance, { reading }: Facts, roles: readonly RoleName[]): Stance {
  const current = reading.kind === 'read' ? reading.weights : {}
  const others = Object.keys(stance.weights).filter((role) => role !== stable)
  const kept = others.map((role) => {
    const wanted = weightOf(stance.weights, role)
    const had = Math.floor(weightOf(current, role))
    return [role, roles.includes(role) ? Math.min(wanted, had) : wanted] as const
  })
  return { ...stance, weights: withRest(kept), matches: frozenMatches(stance, reading, roles) }
}

// A rule that stands may stay or go; none comes.
function frozenMatches(
  { matches }: Stance,
  reading: Facts['reading'],
  roles: readonly RoleName[],
): Matches {
  const standing = reading.kind === 'read' ? reading.matches : {}
  return Object.fromEntries(
    Object.entries(matches).flatMap(([role, wanted]) => {
      const had = entry(standing, role)
      if (!roles.includes(role)) return [[role, wanted] as const]
      return had === undefined ? [] : [[role, had] as const]
    }),
  )
}

/** Weights in which stable has what the candidates leave. */
export function withRest(shares: readonly (readonly [RoleName, number])[]): Weights {
  const rest = shares.reduce((left, [, weight]) => left - weight, 100)
  return Object.fromEntries([[stable, rest], ...shares])
}
