/** What the controller keeps of each release in memory. All of it may be lost: losing it only makes a release wait. */
import { emptyMemo, type Memo } from '#core/model/notebook.ts'
import type { GateAnswer, MetricAnswer, ReadBack, Refusal } from '#core/observed.ts'
import { Ledger } from '#kube/own-writes.ts'
import { Few } from './few.ts'

export type KeyState = {
  memo: Memo
  /** Answers not yet judged. */
  answers: MetricAnswer[]
  /** What gates were answered, not yet judged. */
  replies: GateAnswer[]
  /** Ids of questions on their way. */
  readonly asked: Few<true>
  /** By the hash of what was written; bounded. */
  readonly readBacks: Few<ReadBack>
  asking: boolean
  /** By object. */
  readonly refusals: Few<Refusal>
  /** Our own writes that the caches have not shown yet. */
  readonly own: Ledger
}

export function emptyState(): KeyState {
  return {
    memo: emptyMemo,
    answers: [],
    replies: [],
    asked: new Few(),
    readBacks: new Few(),
    asking: false,
    refusals: new Few(),
    own: new Ledger(),
  }
}
