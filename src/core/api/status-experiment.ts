/** What a Release's status says of an experiment, and back. */
import type { Conclusion, Look } from '../model/experiment.ts'
import type { Counted } from '../model/statistics.ts'
import type { ReasonType } from '../reasons.ts'
import { formatInstant, parseInstant } from '../time.ts'
import type { ConclusionStatus, CountedStatus, LookStatus } from './release.ts'

export function lookStatus({ role, metric, revision, at, looks, ...rest }: Look): LookStatus {
  const { candidate, stable, confidence, effect, message } = rest
  return {
    candidate: role,
    metric,
    revision,
    at: formatInstant(at),
    looks,
    ...(candidate === undefined ? {} : { counted: countedStatus(candidate) }),
    ...(stable === undefined ? {} : { stable: countedStatus(stable) }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(effect === undefined ? {} : { effect }),
    ...(message === undefined ? {} : { message }),
  }
}

function countedStatus({ hits, of }: Counted): CountedStatus {
  return { hits, of, rate: of > 0 ? hits / of : 0 }
}

export function lookOf({ candidate: role, at, counted, stable, ...rest }: LookStatus): Look {
  const { metric, revision, looks, confidence, effect, message } = rest
  return {
    role,
    metric,
    revision,
    at: parseInstant(at) ?? 0,
    looks,
    candidate: countedOf(counted),
    stable: countedOf(stable),
    confidence,
    effect,
    message,
  }
}

function countedOf(given: CountedStatus | undefined): Counted | undefined {
  return given === undefined ? undefined : { hits: given.hits, of: given.of }
}

export function conclusionStatus({ at, winner, ...rest }: Conclusion): ConclusionStatus {
  const { reason, message, sign, open } = rest
  return {
    at: formatInstant(at),
    ...(winner === undefined ? {} : { winner }),
    reason,
    message,
    sign,
    open,
  }
}

export function conclusionOf(status: ConclusionStatus): Conclusion {
  const { at, winner, reason, message, sign, open } = status
  return { at: parseInstant(at) ?? 0, winner, reason: reason as ReasonType, message, sign, open }
}
