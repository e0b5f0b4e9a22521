/**
 * Releases that are reached under the same host: a gateway sends each request to one of them, and nobody knows which.
 * Whoever came later is told so as a condition, as long as it is so. Neither of them is stopped: they may mean it.
 */
import type { Condition } from './k8s/meta.ts'
import type { Observed } from './observed.ts'

/** Absent where nobody shares a host. */
const hostConflictType = 'HostConflict'

export function hostConditions({ app, sharers = [] }: Observed): readonly Condition[] {
  if (sharers.length === 0) return []
  const told = sharers.map(({ claim, by }) =>
    claim === '*' ? `${by} takes requests for any host too` : `${by} is reached under ${claim} too`,
  )
  const condition: Condition = {
    type: hostConflictType,
    status: 'True',
    observedGeneration: app.generation,
    lastTransitionTime: '',
    reason: 'HostTaken',
    message: `${told.join('; ')}, and came first; give one of the two hosts of its own`,
  }
  return [condition]
}
