/**
 * The mover: brings the cluster towards a stance, as far as is safe right now. It is the one place that keeps the rules
 * of safety for every strategy: capacity before traffic, selectors before the weight that uses them, drain before
 * removal. It never asks for more than the snapshot already justifies, so any part of its writes is safe alone.
 */
import type { Facts } from '../facts.ts'
import { stable } from '../model/weights.ts'
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
    const { writes, held } = workloadsOf(observed, facts, stance, { now, recorded })
    const waiting = waitingFor('StepCompleted', 'the step is being recorded')
    return { writes, held: [...held, { waiting }] }
  }
  const parts = [
    workloadsOf(observed, facts, stance, { now, recorded }),
    moveServices(observed, facts, stance, now),
    moveRoute(observed, facts, stance, now),
  ]
  const imagined = parts.find((part) => part.imagined !== undefined)?.imagined
  return {
    writes: parts.flatMap(({ writes }) => writes),
    held: [...parts.flatMap(({ held }) => held), ...bounded(stance)],
    ...(imagined === undefined ? {} : { imagined }),
  }
}

/** Nobody goes on before all that the step asks for has come, a few at a time. */
function bounded({ bounded: left }: Stance): Part['held'] {
  return left === undefined ? [] : [{ waiting: waitingFor('WaitingForPods', left) }]
}

/**
 * What cannot be undone waits for the record too: a Deployment that exchanges its pods, and pods that change hands, are on
 * their way to another stable revision, and after a crash somebody must know it.
 */
function workloadsOf(
  observed: Observed,
  facts: Facts,
  stance: Stance,
  { now, recorded }: { readonly now: Instant; readonly recorded: boolean },
): Part {
  const { handover, inPlace, ...still } = stance
  // Behind one Service pods are the traffic.
  const byRevision = observed.app.workloads.layout.by === 'revision'
  const isShared = stance.pooled || (byRevision && facts.selected(stable) === undefined)
  if (!recorded && isShared && !stance.hurry) return { writes: [], held: [] }
  if (recorded || (handover === undefined && inPlace !== true))
    return moveWorkloads(observed, facts, stance, now)
  const waiting = waitingFor('StepCompleted', 'the step is being recorded')
  if (handover !== undefined && handover.part !== 'carry')
    return { writes: [], held: [{ waiting }] }
  const { writes, held } = moveWorkloads(observed, facts, still, now)
  return { writes, held: [...held, { waiting }] }
}
