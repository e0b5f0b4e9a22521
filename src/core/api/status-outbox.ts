/** Events that are still to be told, as they stand in a Release's status. */
import type { Outbox, ReleaseEvent } from '../model/event.ts'
import type { ReasonType } from '../reasons.ts'
import { formatInstant, parseInstant } from '../time.ts'
import type { EventStatus, OutboxStatus } from './release.ts'

export function outboxStatus(outbox: Outbox | undefined): OutboxStatus | undefined {
  if (outbox === undefined) return undefined
  const { pending, dropped } = outbox
  return {
    ...(pending.length === 0 ? {} : { pending: pending.map(eventStatus) }),
    ...(dropped === 0 ? {} : { dropped }),
  }
}

function eventStatus({ at, role, step, by, ...event }: ReleaseEvent): EventStatus {
  return {
    ...event,
    at: formatInstant(at),
    ...(role === undefined ? {} : { candidate: role }),
    ...(step === undefined ? {} : { step }),
    ...(by === undefined ? {} : { by }),
  }
}

export function outboxOf(status: OutboxStatus | undefined): Outbox | undefined {
  if (status === undefined) return undefined
  return { pending: (status.pending ?? []).map(eventOf), dropped: status.dropped ?? 0 }
}

function eventOf(status: EventStatus): ReleaseEvent {
  const { at, reason, candidate: role, step, by, ...event } = status
  return { ...event, at: parseInstant(at) ?? 0, reason: reason as ReasonType, role, step, by }
}
