/** What an invariant is, and what it may look at. */
import type { People } from '../people.ts'
import type { Plan, Strike } from '../plan.ts'
import type { Setting } from '../stories/story.ts'
import type { Cause, Truth, Write } from '../truth.ts'
import type { About } from '../wire-request.ts'

/** What is known around a write. */
export type Scene = {
  readonly plan: Plan
  readonly setting: Setting
  /** Commands that people gave, by id. */
  readonly given: People['given']
  /** Faults that began so far. */
  readonly struck: readonly Strike[]
  /** True milliseconds at which the gateway accepted a route as it stood in a generation. */
  readonly acceptedAt: (uid: string, generation: number) => number | undefined
  /** For rules that count within a run. */
  readonly notes: Map<string, number>
  /** True milliseconds since which the routing objects split the traffic like that, for gateways that accept nothing. */
  readonly splitSince: (split: string) => number | undefined
  /** What is known of a pod that ever was: its revision, and what runs it. */
  readonly podOf: (name: string) => SeenPod | undefined
  /** Revision and life of the last write of an object that an instance was answered. */
  readonly lastOwn: (actor: string, shelf: string, key: string) => number | undefined
  /** Whether the provider really gave a good value for this instant. */
  readonly wasGood: (at: number) => boolean
  /** The life that first wrote down this instant as the beginning of a step. */
  readonly stampedBy: (instant: string) => string | undefined
  /** Lives that have been told that they hold the lease, with the time at which another took it from them. */
  readonly lostLeaseAt: (actor: string) => number | undefined
}

export type SeenPod = {
  readonly revision: string | undefined
  /** The workload that runs it: a Deployment, not its ReplicaSet. */
  readonly workload: string
}

export type Invariant = {
  readonly id: string
  readonly says: string
  /** Looks at a write that took effect; a sentence says what is wrong with it. */
  readonly write?: (write: Write, scene: Scene) => string | undefined
  /** Looks at a request before it leaves its sender. */
  readonly sent?: (cause: Cause, about: About, scene: Scene) => string | undefined
  /** Looks at what an instance says in its logs and its decision log. */
  readonly said?: (text: string, scene: Scene) => string | undefined
}

export const shop = 'default/shop'

/**
 * Whether something was so when the write took effect, or in what its author had been told when it left. With watches a
 * little behind, nobody can know more.
 */
export function wasSo({ was, cause }: Write, holds: (view: Truth) => boolean): boolean {
  return holds(was) || cause.told.some(holds)
}
