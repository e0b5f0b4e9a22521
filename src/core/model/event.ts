/** What is told to the outside: one event for each transition, and those that nobody has acknowledged yet. */
import type { ReasonType } from '../reasons.ts'
import type { Instant } from '../time.ts'

/** A transition as it was recorded: of a decision, never of a wait. */
export type ReleaseEvent = {
  /** The same whenever this transition is told again, and no other's: 16 hex digits. */
  readonly id: string
  /** The instant that the decision recorded. */
  readonly at: Instant
  readonly action: string
  readonly reason: ReasonType
  readonly message: string
  readonly revision: string
  /** The role of the candidate that it is about; undefined where it is about the release. */
  readonly role: string | undefined
  readonly step: number | undefined
  readonly by: string | undefined
  /** First image of the revision; '' where it is not known. */
  readonly image: string
  /** Of the object as the transition was decided about; an event on record since an earlier version has none. */
  readonly generation?: number
}

/** Kept in the notebook, so that an event outlives the process that was about to tell it. */
export type Outbox = {
  /** Oldest first, bounded. */
  readonly pending: readonly ReleaseEvent[]
  /** How many were given up because too many were pending. */
  readonly dropped: number
}

/** An event that has been told wherever it had to be, and since when. */
export type Acknowledged = { readonly id: string; readonly at: Instant }
