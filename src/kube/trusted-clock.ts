/**
 * The time releases go by: it begins with the wall clock, or the API server's where the two are far apart, and from
 * there on only advances, whatever becomes of the wall clock.
 */
import type { Cluster } from './cluster.ts'
import type { Clock } from './ports.ts'

/** Farther apart than this, the API server's clock is taken. */
const toleranceMs = 5000

export type ClockOffset = { readonly offsetMs: number | undefined; readonly status: number }

/**
 * Asks the server once for its time. `told` hears of an offset that was too large, or of a server that tells no time.
 * @throws KubeError when the server cannot be reached.
 */
export async function trustedClock(
  cluster: Cluster,
  base: Clock,
  told: (offset: ClockOffset) => void,
): Promise<Clock> {
  const { headers, status } = await cluster.raw({ path: '/version' })
  const theirs = Date.parse(headers['date'] ?? '')
  const ours = base.now()
  const isFar = Math.abs(theirs - ours) > toleranceMs
  if (Number.isNaN(theirs)) told({ offsetMs: undefined, status })
  else if (isFar) told({ offsetMs: theirs - ours, status })
  const startAt = isFar ? theirs : ours
  const startedAt = base.monotonic()
  return {
    now: () => Math.floor(startAt + base.monotonic() - startedAt),
    monotonic: base.monotonic,
    after: base.after,
  }
}
