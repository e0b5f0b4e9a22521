/** The end of a pass: one reason, one phase, the notebook as it should be stored, and when to look again. */
import { schedule } from './analysis/schedule.ts'
import { conditionsOf } from './conditions.ts'
import { deadlineOf, isOverdue, progressAfter } from './deadline.ts'
import type { Decision, Write } from './decision.ts'
import { eventsOf } from './events.ts'
import {
  keep,
  type Memo,
  type Notebook,
  type Phase,
  type Reason,
  type RoleState,
} from './model/notebook.ts'
import { weightOf } from './model/weights.ts'
import type { Move } from './move/move.ts'
import type { Waiting } from './move/waiting.ts'
import type { Pass } from './pass.ts'
import type { ReasonType } from './reasons.ts'
import { cut } from './render/text.ts'
import { replicaSet } from './render/workload.ts'
import type { Stance } from './strategies/strategy.ts'
import type { Instant } from './time.ts'
import { isWorthWriting } from './worth.ts'

/** A reason that lasts no longer than this is not worth a write. */
const lastingMs = 1000

export type Ending = {
  readonly pass: Pass
  readonly stance: Stance | undefined
  readonly made: Move
  readonly waiting: Waiting | undefined
  readonly writes: readonly Write[]
}

export function conclude(ending: Ending): Decision {
  const { pass, waiting } = ending
  const { observed, now, facts } = pass
  const overdue = isOverdue({ pass, waiting })
  const phase = phaseOf(pass, waiting, overdue)
  const asked = askedFor(pass)
  const wake = wakeOf(ending, asked.next)
  const { reason, memory } = reasonOf(pass, waiting, phase, wake)
  const draft: Notebook = {
    ...pass.book,
    observedGeneration: observed.app.generation,
    phase,
    reason,
    roles: rolesOf(ending),
  }
  const notebook = { ...draft, conditions: conditionsOf(draft, observed.notebook, overdue, now) }
  const worth = isWorthWriting(notebook, observed.notebook)
  const pending =
    !worth && observed.notebook !== undefined && observed.notebook.reason.type !== reason.type
  const lasts = now - memory.since >= lastingMs
  return {
    reason,
    notebook,
    write: worth || (pending && lasts),
    memo: memoOf(ending, memory),
    writes: ending.writes,
    measure: asked.asks,
    readBack: readBackOf(pass),
    events: eventsOf(observed, notebook),
    wakeAt: earliest(
      wake,
      pending && !lasts ? memory.since + lastingMs : undefined,
      later(facts.settledAt, now),
    ),
  }
}

function askedFor({ observed, book, now }: Pass): ReturnType<typeof schedule> {
  const { trial, analysis } = book
  if (trial === undefined || trial.stage.kind === 'retreating') return { asks: [], next: undefined }
  return schedule(observed.app, trial, analysis ?? { revision: trial.revision, metrics: [] }, now)
}

function phaseOf(
  { book, observed, facts }: Pass,
  waiting: Waiting | undefined,
  overdue: boolean,
): Phase {
  if (observed.app.deletedAt !== undefined) return 'Retiring'
  if (book.stable === undefined) return overdue ? 'Failed' : 'Initializing'
  if (book.trial?.stage.kind === 'retreating') return overdue ? 'Failed' : 'Progressing'
  if (book.trial !== undefined) return isPause(waiting) ? 'Paused' : 'Progressing'
  const target = facts.target.kind === 'ask' ? undefined : facts.target.revision
  if (book.failed !== undefined && book.failed.revision === target) return 'Failed'
  // The next trial has not begun yet: it does in the very next pass.
  return target === undefined || target === book.stable ? 'Completed' : 'Progressing'
}

function isPause(waiting: Waiting | undefined): boolean {
  return (
    waiting?.type === 'WaitingForPause' ||
    waiting?.type === 'WaitingForApproval' ||
    waiting?.type === 'Paused'
  )
}

type ReasonMemory = { readonly sign: string; readonly since: Instant }

function reasonOf(
  { book, observed, now }: Pass,
  waiting: Waiting | undefined,
  phase: Phase,
  next: Instant | undefined,
): { reason: Reason; memory: ReasonMemory } {
  const found =
    phase === 'Failed' && book.trial === undefined && book.failed !== undefined
      ? failure(book)
      : undefined
  const { type, message, object } = found ?? waiting ?? atRest(book)
  const sign = `${type} ${object ?? ''}`
  const stored = observed.notebook?.reason
  const since =
    observed.memo.reason?.sign === sign
      ? observed.memo.reason.since
      : stored !== undefined && `${stored.type} ${stored.object ?? ''}` === sign
        ? stored.since
        : now
  return {
    reason: { type, message: cut(message, keep.message), object, since, next },
    memory: { sign, since },
  }
}

type Said = {
  readonly type: ReasonType
  readonly message: string
  readonly object: string | undefined
}

function failure(book: Notebook): Said | undefined {
  const { failed } = book
  if (failed === undefined) return undefined
  const message = `revision ${failed.revision} was turned back: ${failed.message}`
  return { type: failed.reason, message, object: undefined }
}

function atRest(book: Notebook): Said {
  return {
    type: 'Serving',
    message: `revision ${book.stable} serves all traffic`,
    object: undefined,
  }
}

function rolesOf({ pass, stance }: Ending): readonly RoleState[] {
  const { facts, book } = pass
  if (stance === undefined) return book.roles
  const confirmed = facts.accepted === undefined ? undefined : facts.weights
  return Object.keys(facts.app.services).flatMap((role) => {
    const revision = stance.revisions[role] ?? book.trial?.revision
    if (revision === undefined) return []
    const workload = facts.workload(revision)
    return [
      {
        role,
        revision,
        replicas: workload?.replicas ?? 0,
        ready: workload?.ready ?? 0,
        wanted: weightOf(stance.weights, role),
        confirmed: confirmed === undefined ? 0 : weightOf(confirmed, role),
      },
    ]
  })
}

function memoOf({ pass, waiting }: Ending, reason: ReasonMemory): Memo {
  return {
    accepted: pass.facts.accepted,
    progress: progressAfter({ pass, waiting }),
    reason,
    analysis: pass.book.analysis,
  }
}

function readBackOf({ facts, observed }: Pass): Decision['readBack'] {
  const { target } = facts
  if (target.kind !== 'ask') return undefined
  return { written: target.written, object: replicaSet(observed.app, `${target.written}-ask`, 0) }
}

/** When the release wants to be looked at again although nothing happens. */
function wakeOf(
  { pass, waiting }: Ending,
  nextMeasurement: Instant | undefined,
): Instant | undefined {
  const { book, observed, now } = pass
  const turned = JSON.stringify(book.trial) !== JSON.stringify(observed.notebook?.trial)
  const { deletedAt, progressDeadlineMs } = observed.app
  return earliest(
    turned || book.stable !== observed.notebook?.stable ? now : undefined,
    waiting?.until,
    nextMeasurement,
    later(deadlineOf({ pass, waiting }), now),
    deletedAt === undefined ? undefined : later(deletedAt + progressDeadlineMs, now),
  )
}

function later(instant: Instant | undefined, now: Instant): Instant | undefined {
  return instant !== undefined && instant > now ? instant : undefined
}

function earliest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  const known = instants.filter((instant) => instant !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
