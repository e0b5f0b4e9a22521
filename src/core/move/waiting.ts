/** What a move or a step still waits for, and what it wrote meanwhile. */
import type { Write } from '../decision.ts'
import type { ReasonType } from '../reasons.ts'
import type { Instant } from '../time.ts'

export type Waiting = {
  readonly type: ReasonType
  readonly message: string
  readonly object: string | undefined
  /** When waiting ends by itself. */
  readonly until: Instant | undefined
}

export type Part = { readonly writes: readonly Write[]; readonly waiting: Waiting | undefined }

export function waitingFor(
  type: ReasonType,
  message: string,
  object?: string,
  until?: Instant,
): Waiting {
  return { type, message, object, until }
}
