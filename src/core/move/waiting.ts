/** What a move or a step still waits for, and what it wrote meanwhile. */
import type { Write } from '../decision.ts'
import { type RoleName, stable, type Weights } from '../model/weights.ts'
import type { ReasonType } from '../reasons.ts'
import type { Instant } from '../time.ts'

export type Waiting = {
  readonly type: ReasonType
  readonly message: string
  readonly object: string | undefined
  /** When waiting ends by itself. */
  readonly until: Instant | undefined
}

/** `role` names whom it holds up; left out, nobody gets on. */
export type Held = { readonly role?: RoleName; readonly waiting: Waiting }

/** `held` is empty when what was asked for is reached, seen and settled. */
export type Part = {
  readonly writes: readonly Write[]
  readonly held: readonly Held[]
  /** Where no route has weights: those that are kept in mind. */
  readonly imagined?: Weights
}

/** What holds one role up: its own waits, stable's, and those of everybody. A missing route comes first. */
export function heldUp({ held }: Part, role?: RoleName): Waiting | undefined {
  const its = held
    .filter(
      (one) => role === undefined || one.role === undefined || [role, stable].includes(one.role),
    )
    .map(({ waiting }) => waiting)
  return its.find(({ type }) => type === 'RouteMissing' || type === 'RouteUnusable') ?? its[0]
}

export function waitingFor(
  type: ReasonType,
  message: string,
  object?: string,
  until?: Instant,
): Waiting {
  return { type, message, object, until }
}
