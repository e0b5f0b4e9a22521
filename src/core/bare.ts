/** Commands that say nothing but what to do, such as a door's own annotation: what they mean, and when they are over. */
import { shortHash } from './hash.ts'
import type { Action, ActionAsked } from './model/app.ts'
import { type Pass, withBook } from './pass.ts'

type Bare = Extract<ActionAsked, { kind: 'bare' }>

/** Once its annotation is gone, the same one may come again. */
export function forgetTaken(pass: Pass): Pass {
  return pass.book.taken === undefined ? pass : withBook(pass, { taken: undefined })
}

/** A bare command means what is there when it is seen first. */
export function bound(
  { observed, facts, book, now }: Pass,
  { annotation, verb, candidate, by }: Bare,
): Action {
  const { target } = facts
  const failed = book.failed.findLast(({ role }) => candidate === undefined || role === candidate)
  const trial =
    book.trials.find(({ role }) => role === candidate) ??
    book.trials.find(({ stage }) => stage.kind === 'steps') ??
    book.trials[0]
  const asked = target.kind === 'ask' ? (book.stable ?? '') : target.revision
  return {
    id: shortHash([annotation, observed.app.resourceVersion, now]),
    verb,
    uid: observed.app.uid,
    revision: (verb === 'retry' ? failed?.revision : trial?.revision) ?? asked,
    step: trial?.step,
    ...(candidate === undefined ? {} : { candidate }),
    by,
  }
}
