/** What the controller keeps of each release in memory. All of it may be lost: losing it only makes a release wait. */
import { emptyMemo, type Memo } from '#core/model/notebook.ts'
import type { MetricAnswer, ReadBack, Refusal } from '#core/observed.ts'

export type KeyState = {
  memo: Memo
  /** Answers not yet judged. */
  answers: MetricAnswer[]
  /** Ids of measurements on their way. */
  readonly asked: Set<string>
  readBack: ReadBack | undefined
  asking: boolean
  /** By object. */
  readonly refusals: Map<string, Refusal>
  /** Our own writes that the caches have not shown yet: kind and key → resourceVersion. */
  readonly awaited: Map<
    string,
    { readonly kind: string; readonly key: string; readonly version: string }
  >
}

export function emptyState(): KeyState {
  return {
    memo: emptyMemo,
    answers: [],
    asked: new Set(),
    readBack: undefined,
    asking: false,
    refusals: new Map(),
    awaited: new Map(),
  }
}
