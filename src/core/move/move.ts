/**
 * The mover: brings the cluster towards a stance, as far as is safe right now. It is the one place that keeps the rules
 * of safety for every strategy: capacity before traffic, selectors before the weight that uses them, drain before
 * removal. It never asks for more than the snapshot already justifies, so any part of its writes is safe alone.
 */
import type { Facts } from '../facts.ts'
import type { Observed } from '../observed.ts'
import type { Stance } from '../strategies/strategy.ts'
import type { Instant } from '../time.ts'
import { moveRoute } from './route.ts'
import { moveServices } from './services.ts'
import { type Part, waitingFor } from './waiting.ts'
import { moveWorkloads } from './workloads.ts'

/**
 * @param recorded whether the cluster has on record what this stance follows from. Traffic moves forward only on what
 *   is on record: a weight that nobody can explain after a crash would be a weight too many.
 */
export function move(
  observed: Observed,
  facts: Facts,
  stance: Stance,
  now: Instant,
  recorded: boolean,
): Part {
  if (!recorded && !stance.hurry) {
    const { writes, held } = moveWorkloads(observed, facts, stance, now)
    const waiting = waitingFor('StepCompleted', 'the step is being recorded')
    return { writes, held: [...held, { waiting }] }
  }
  const parts = [
    moveWorkloads(observed, facts, stance, now),
    moveServices(observed, facts, stance, now),
    moveRoute(observed, facts, stance, now),
  ]
  return {
    writes: parts.flatMap(({ writes }) => writes),
    held: parts.flatMap(({ held }) => held),
  }
}
