/** Conditions as Kubernetes keeps them: the transition time stays while the status stays. */
import type { Condition } from '#core/k8s/meta.ts'

export type Claim = {
  readonly type: string
  readonly status: Condition['status']
  readonly reason: string
  readonly message: string
}

/** The claims as conditions, with those of other owners kept behind them. `now` in milliseconds. */
export function conditions(
  claims: readonly Claim[],
  before: readonly Condition[] | undefined,
  generation: number | undefined,
  now: number,
): readonly Condition[] {
  const made = claims.map((claim): Condition => {
    const last = before?.find(({ type }) => type === claim.type)
    const same = last !== undefined && last.status === claim.status
    return {
      type: claim.type,
      status: claim.status,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: same ? last.lastTransitionTime : timestamp(now),
      reason: claim.reason,
      message: claim.message,
    }
  })
  const foreign = (before ?? []).filter(({ type }) => !claims.some((claim) => claim.type === type))
  return [...made, ...foreign]
}

// metav1.Time holds whole seconds.
function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`
}
