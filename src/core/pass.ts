/** One pass in the making: the snapshot, what follows from it, and the notebook as it will be. */
import type { Facts } from './facts.ts'
import {
  type DecisionRecord,
  type Failure,
  keep,
  type Notebook,
  type Trial,
} from './model/notebook.ts'
import type { Observed } from './observed.ts'
import type { ReasonType } from './reasons.ts'
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
    trial: undefined,
    failed: undefined,
    paused: undefined,
    analysis: undefined,
    roles: [],
    decisions: [],
    conditions: [],
  }
}

export function withBook(pass: Pass, changes: Partial<Notebook>): Pass {
  return { ...pass, book: { ...pass.book, ...changes } }
}

export function withTrial(pass: Pass, changes: Partial<Trial>): Pass {
  const { trial } = pass.book
  return trial === undefined ? pass : withBook(pass, { trial: { ...trial, ...changes } })
}

export type Note = {
  readonly action: string
  readonly reason: ReasonType
  readonly message: string
  readonly by?: string | undefined
  readonly actionId?: string | undefined
}

/** Writes a decision down. What is written down is also told as an Event. */
export function note(pass: Pass, { action, reason, message, by, actionId }: Note): Pass {
  const { trial, stable, decisions } = pass.book
  const record: DecisionRecord = {
    at: pass.now,
    action,
    reason,
    message,
    revision: trial?.revision ?? stable ?? '',
    step: trial?.step,
    by,
    actionId,
  }
  return withBook(pass, { decisions: [...decisions, record].slice(-keep.decisions) })
}

/** Turns a trial back. Where it is on its way back already, the first cause stands. */
export function retreat(
  pass: Pass,
  cause: { readonly reason: ReasonType; readonly message: string },
  outcome: 'failed' | 'forget',
): Pass {
  const { trial } = pass.book
  if (trial === undefined || trial.stage.kind === 'retreating') return pass
  const why: Failure = {
    revision: trial.revision,
    reason: cause.reason,
    message: cause.message,
    at: pass.now,
  }
  const turned = withTrial(pass, { stage: { kind: 'retreating', why, outcome } })
  return withBook(turned, {
    paused: undefined,
    failed: outcome === 'failed' ? why : turned.book.failed,
  })
}
