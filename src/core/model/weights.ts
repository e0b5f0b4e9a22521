/** Traffic as whole per cent by role, and how much of it a number of pods may carry. */

/** `stable`, or the name of a candidate. */
export type RoleName = string

export const stable: RoleName = 'stable'

/** Whole per cent by role, sum 100. A role that is absent has none. */
export type Weights = Readonly<Record<RoleName, number>>

export function weightOf(weights: Weights, role: RoleName): number {
  return weights[role] ?? 0
}

export function sameWeights(one: Weights, other: Weights): boolean {
  const roles = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...roles].every((role) => weightOf(one, role) === weightOf(other, role))
}

/** Pods that a weight needs of an app with so many replicas: ceil(replicas × weight / 100). */
export function podsFor(replicas: number, weight: number): number {
  return Math.ceil((replicas * weight) / 100)
}

/** The largest weight that so many ready pods may carry: the inverse of podsFor. */
export function weightCarried(replicas: number, ready: number): number {
  if (ready <= 0) return 0
  return replicas <= 0 ? 100 : Math.min(100, Math.floor((100 * ready) / replicas))
}
