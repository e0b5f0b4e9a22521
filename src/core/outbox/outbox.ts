/**
 * The outbox: a transition is pending from the write that records it until everybody who must hear of it has. Both the
 * transition and what is pending are one write, so that a crash loses neither; acknowledgements ride along with the next
 * write, as losing one only means to tell the same event again.
 */
import { eventsOf } from '../events.ts'
import type { Outbox, ReleaseEvent } from '../model/event.ts'
import { keep, type Notebook } from '../model/notebook.ts'
import type { Observed } from '../observed.ts'
import type { Instant } from '../time.ts'

/** How long an acknowledgement waits for another write to ride along with. */
export const rideMs = 10_000

/** How long a deletion waits for its last events to be told. */
const farewellMs = 10_000

/** What is pending after a pass that recorded these events. Where nobody tells events, nothing is kept. */
export function outboxAfter(
  { notebook, acknowledged }: Observed,
  events: readonly ReleaseEvent[],
): Outbox | undefined {
  if (acknowledged === undefined) return undefined
  const { pending, dropped } = notebook?.outbox ?? empty
  const told = new Set(acknowledged.map(({ id }) => id))
  const all = [...pending.filter(({ id }) => !told.has(id)), ...events]
  const surplus = Math.max(0, all.length - keep.events)
  if (all.length === 0 && dropped === 0) return undefined
  return { pending: all.slice(surplus), dropped: dropped + surplus }
}

const empty: Outbox = { pending: [], dropped: 0 }

/** When acknowledgements are worth a write of their own; undefined where all are written down. */
export function acknowledgementDue({ notebook, acknowledged }: Observed): Instant | undefined {
  const pending = new Set(notebook?.outbox?.pending.map(({ id }) => id))
  const standing = (acknowledged ?? []).filter(({ id }) => pending.has(id))
  return standing.length === 0 ? undefined : Math.min(...standing.map(({ at }) => at)) + rideMs
}

/** Until when a deletion waits for events that nobody has heard of yet; undefined where it need not. */
export function farewellUntil(observed: Observed, book: Notebook): Instant | undefined {
  const pending = outboxAfter(observed, eventsOf(observed, book))?.pending ?? []
  return pending.length === 0 ? undefined : Math.max(...pending.map(({ at }) => at)) + farewellMs
}
