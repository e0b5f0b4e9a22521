/** One pass in the making: the snapshot, what follows from it, and the notebook as it will be. */
import type { Facts } from './facts.ts'
import {
  type DecisionRecord,
  type Failure,
  keep,
  type Notebook,
  type Trial,
  trialOf,
} from './model/notebook.ts'
import type { RoleName } from './model/weights.ts'
import type { Observed } from './observed.ts'
import type { ReasonType } from './reasons.ts'
import { cut } from './render/text.ts'
import { hasWayBack } from './strategies/by-role.ts'
import type { Instant } from './time.ts'

export type Pass = {
  readonly observed: Observed
  readonly facts: Facts
  readonly now: Instant
  readonly book: Notebook
}

/** A first page: nothing is known yet. */
export function emptyNotebook(generation: number, now: Instant): Notebook {
  return {
    observedGeneration: generation,
    phase: 'Initializing',
    reason: { type: 'WaitingForPods', message: '', object: undefined, since: now, next: undefined },
    stable: undefined,
    seat: undefined,
    previous: undefined,
    trials: [],
    failed: [],
    paused: undefined,
    analyses: [],
    looks: [],
    concluded: undefined,
    roles: [],
    decisions: [],
    conditions: [],
  }
}

export function withBook(pass: Pass, changes: Partial<Notebook>): Pass {
  return { ...pass, book: { ...pass.book, ...changes } }
}

/** Changes the trial of one candidate. */
export function withTrial(pass: Pass, role: RoleName, changes: Partial<Trial>): Pass {
  const trials = pass.book.trials.map((trial) =>
    trial.role === role ? { ...trial, ...changes } : trial,
  )
  return withBook(pass, { trials })
}

/** The trial of one candidate is over. */
export function endTrial(pass: Pass, role: RoleName): Pass {
  return withBook(pass, { trials: pass.book.trials.filter((trial) => trial.role !== role) })
}

/** Forgets that a candidate's revision was turned back; left out, any of it. */
export function forgive(pass: Pass, role: RoleName, revision?: string): Pass {
  const failed = pass.book.failed.filter(
    (one) => one.role !== role || (revision !== undefined && one.revision !== revision),
  )
  return failed.length === pass.book.failed.length ? pass : withBook(pass, { failed })
}

export type Note = {
  /** The candidate that it is about; left out, it is about the release. */
  readonly role?: RoleName | undefined
  readonly action: string
  readonly reason: ReasonType
  readonly message: string
  readonly by?: string | undefined
  readonly actionId?: string | undefined
  /** What it is about, where that is neither on trial nor stable any more. */
  readonly meant?: { readonly revision: string; readonly step: number | undefined } | undefined
}

/** Writes a decision down. What is written down is also told as an Event. */
export function note(
  pass: Pass,
  { role, action, reason, message, by, actionId, meant }: Note,
): Pass {
  const { trials, stable, decisions } = pass.book
  const trial = meant ?? (role === undefined ? undefined : trials.find((one) => one.role === role))
  const record: DecisionRecord = {
    at: pass.now,
    action,
    reason,
    message: cut(message, keep.message),
    revision: trial?.revision ?? stable ?? '',
    step: trial?.step,
    by,
    actionId,
  }
  const standing = standingId(pass)
  return withBook(pass, { decisions: newest([...decisions, record], standing) })
}

/** The id under which it is written down what became of the command that stands on the object. */
export function standingId({
  observed,
  book,
}: Pick<Pass, 'observed' | 'book'>): string | undefined {
  const asked = observed.app.action
  if (asked === undefined) return undefined
  if (asked.kind === 'malformed') return asked.id
  if (asked.kind === 'action') return asked.action.id
  const { taken } = book
  return taken?.annotation === asked.annotation && taken.text === asked.text ? taken.id : undefined
}

// The record of a command that still stands on the object stays as long as it does: without it, it would be obeyed again.
function newest(
  records: readonly DecisionRecord[],
  id: string | undefined,
): readonly DecisionRecord[] {
  const surplus = records.length - keep.decisions
  if (surplus <= 0) return records
  const answer = records.findIndex((record) => id !== undefined && record.actionId === id)
  if (answer < 0 || answer >= surplus) return records.slice(surplus)
  return [...records.slice(answer, answer + 1), ...records.slice(surplus + 1)]
}

/** Turns a trial back. Where it is on its way back already, the first cause stands. */
export function retreat(
  pass: Pass,
  role: RoleName,
  cause: { readonly reason: ReasonType; readonly message: string },
  outcome: 'failed' | 'forget',
): Pass {
  const trial = trialOf(pass.book, role)
  if (trial === undefined || trial.stage.kind === 'retreating') return pass
  const why: Failure = {
    role,
    revision: trial.revision,
    reason: cause.reason,
    message: cut(cause.message, keep.message),
    at: pass.now,
    ...(trial.command === undefined ? {} : { command: trial.command.version }),
  }
  const turned = withTrial(pass, role, { stage: { kind: 'retreating', why, outcome } })
  return withBook(turned, {
    paused: isAlone(pass) ? undefined : pass.book.paused,
    failed: outcome === 'failed' ? withFailure(pass, why) : pass.book.failed,
  })
}

/** The same revision is there once, and of each candidate as many as the plan remembers. */
function withFailure({ book, observed }: Pass, why: Failure): readonly Failure[] {
  const { keepFailures = 1 } = observed.app.plan
  const isSame = ({ role }: Failure): boolean => role === why.role
  const older = book.failed.filter((one) => isSame(one) && one.revision !== why.revision)
  const kept = older.slice(Math.max(0, older.length + 1 - Math.min(keepFailures, keep.failures)))
  return [...book.failed.filter((one) => !isSame(one)), ...kept, why]
}

// A hold on the release ends with the last trial that it held.
function isAlone({ book }: Pass): boolean {
  return book.trials.filter(({ stage }) => stage.kind !== 'retreating').length <= 1
}

/** Whether a trial may still turn back: not once its pods are becoming the stable ones under stable's own name. */
export function canReturn({ facts, book }: Pass, { role, stage }: Trial): boolean {
  if (stage.kind !== 'promoting') return true
  return facts.seatedAt !== role && hasWayBack(facts, book.stable)
}
