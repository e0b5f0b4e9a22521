/** How writes treat a kind: what the server sets, keeps and refuses. Every kind has one; most need little of it. */
import type { Problem } from '#core/schema/problem.ts'
import type { Machine } from './machine.ts'
import type { Stored } from './resource.ts'

export type Strategy = {
  /** Whether an update without a resourceVersion simply wins. */
  readonly unconditionalUpdate: boolean
  /** Whether PUT to a name that does not exist creates it. */
  readonly createOnUpdate: boolean
  /** Whether deleting answers with the object instead of a Status. */
  readonly returnsDeleted: boolean
  /** What becomes of dependents when a deletion does not say. */
  readonly orphansByDefault: boolean
  /** Sentences for what is wrong with a name, or with the beginning of a generated one. */
  readonly checkName: (name: string, generated: boolean) => readonly string[]
  /** Fills in what is not said. Applied to everything that is decoded. */
  readonly defaults: (object: Stored) => void
  readonly prepareCreate: (object: Stored, machine: Machine, dryRun: boolean) => void
  /** `old` and all that is taken over from it stays as it is, here and below; others still look at it. */
  readonly prepareUpdate: (object: Stored, old: Stored, machine: Machine) => void
  readonly prepareStatus: (object: Stored, old: Stored, machine: Machine) => void
  readonly validate: (object: Stored, machine: Machine) => readonly Problem[]
  readonly validateUpdate: (object: Stored, old: Stored, machine: Machine) => readonly Problem[]
  readonly validateStatus: (object: Stored, old: Stored, machine: Machine) => readonly Problem[]
  /**
   * Whether a new object is stored without something that every reader is told of it, so that the next write completes
   * it, even one that changes nothing else.
   */
  readonly completedLater?: (object: Stored) => boolean
  /** Objects that nobody may delete. */
  readonly stays?: (object: Stored) => boolean
  /** What is said to somebody who deletes without a word about dependents. */
  readonly leavesBehind?: string
  readonly warnings: (object: Stored, old: Stored | undefined) => readonly string[]
  /**
   * The beginning of a deletion where that is the kind's own affair. `marked`: the object was changed and waits;
   * `waits`: it was so already; undefined: it goes the common way. `now` is RFC 3339.
   */
  readonly beginDelete?: (object: Stored, now: string) => 'marked' | 'waits' | undefined
  /** Whether something beside finalizers keeps a deleted object. */
  readonly holds?: (object: Stored) => boolean
  /** Seconds a deletion waits for somebody to end the object; undefined for kinds that go at once. */
  readonly graceSeconds: ((object: Stored, asked: number | undefined) => number) | undefined
}
