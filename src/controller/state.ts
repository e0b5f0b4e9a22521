/** What the controller keeps of each release in memory. All of it may be lost: losing it only makes a release wait. */
import type { Acknowledged } from '#core/model/event.ts'
import { emptyMemo, type Memo } from '#core/model/notebook.ts'
import type { GateAnswer, MetricAnswer, ReadBack, Refusal, Remembered } from '#core/observed.ts'
import { Ledger } from '#kube/own-writes.ts'
import { nothingSpent, type Spent } from './budget.ts'
import { Few } from './few.ts'

export type KeyState = {
  memo: Memo
  /** Answers not yet judged. */
  answers: readonly MetricAnswer[]
  /** What gates were answered, not yet judged. */
  replies: readonly GateAnswer[]
  /** Ids of questions on their way. */
  readonly asked: Few<true>
  /** By the hash of what was written; bounded. */
  readonly readBacks: Few<ReadBack>
  asking: boolean
  /** Templates of workloads that are gone, by revision; bounded. */
  readonly remembered: Few<Remembered>
  /** By object. */
  readonly refusals: Few<Refusal>
  /** Events that were told to everybody, by id, until a write says so. */
  readonly told: Few<Acknowledged>
  /** Our own writes that the caches have not shown yet. */
  readonly own: Ledger
  /** How much it wrote of late. */
  spent: Spent
}

const none: readonly never[] = []

export function emptyState(): KeyState {
  return {
    memo: emptyMemo,
    answers: none,
    replies: none,
    asked: new Few(),
    readBacks: new Few(),
    asking: false,
    remembered: new Few(),
    refusals: new Few(),
    told: new Few(),
    own: new Ledger(),
    spent: nothingSpent,
  }
}

/** Keeps a memo for the next pass. Most lists in it are empty, and one empty list will do for all. */
export function remember(state: KeyState, memo: Memo): void {
  const { accepted, listings, progress, reason, analyses, looks, gates } = memo
  state.memo = {
    accepted,
    listings: shared(listings),
    progress: shared(progress),
    reason,
    analyses: shared(analyses),
    looks: shared(looks),
    gates: shared(gates),
  }
}

function shared<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? none : list
}
