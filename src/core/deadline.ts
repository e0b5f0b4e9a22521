/**
 * The progress deadline: it counts the time in which nothing moved although something should. Deliberate waits (pauses,
 * approvals, analysis, a person's hold) do not count.
 */

import { type Course, expire } from './course.ts'
import { entry } from './entry.ts'
import type { Memo } from './model/notebook.ts'
import type { Pass } from './pass.ts'
import type { ReasonType } from './reasons.ts'
import { formatDuration, type Instant } from './time.ts'

const deliberate: ReadonlySet<ReasonType> = new Set<ReasonType>([
  'WaitingForPause',
  'WaitingForApproval',
  'WaitingForAnalysis',
  'WaitingForMetrics',
  'Paused',
  'RivalRelease',
  'ServiceTaken',
])

/** When anything last moved, as far as this process saw. */
function progressOf({ observed, facts, book, now }: Pass): NonNullable<Memo['progress']> {
  const { trial } = book
  const sign = [
    trial?.revision,
    trial?.stage.kind,
    trial?.step,
    facts.reading.kind === 'read'
      ? Object.values(facts.reading.weights).join('/')
      : facts.reading.kind,
    facts.accepted?.token,
    facts.target.kind === 'ask' ? '' : facts.target.revision,
    ...observed.workloads.map(({ name, replicas, ready }) => `${name}=${ready}/${replicas}`),
    ...Object.values(facts.app.services).map((name) =>
      JSON.stringify(entry(observed.endpoints, name) ?? {}),
    ),
  ].join(' ')
  const before = observed.memo.progress
  return before?.sign === sign ? before : { sign, at: now }
}

/** What to remember of it: nothing after a deliberate wait, so that there is all the time again when it ends. */
export function progressAfter({ pass, waiting }: Course): Memo['progress'] {
  return waiting !== undefined && deliberate.has(waiting.type) ? undefined : progressOf(pass)
}

/** When the release runs out of time; undefined while it waits on purpose or for nothing. */
export function deadlineOf({ pass, waiting }: Course): Instant | undefined {
  const { book, observed } = pass
  const underWay = book.trial !== undefined || book.stable === undefined
  if (!underWay || waiting === undefined || deliberate.has(waiting.type)) return undefined
  return progressOf(pass).at + observed.app.progressDeadlineMs
}

/** Turns a trial that ran out of time back. A way back or a first install has nowhere to return to: it goes on trying. */
export function expireOverdue(course: Course, held: boolean): Course {
  const { trial } = course.pass.book
  const deadline = deadlineOf(course)
  if (held || deadline === undefined || course.pass.now < deadline) return course
  if (trial === undefined || trial.stage.kind === 'retreating') return course
  const limit = formatDuration(course.pass.observed.app.progressDeadlineMs)
  const message = `nothing moved for ${limit}: ${course.waiting?.message ?? ''}`
  return { pass: expire(course.pass, message), waiting: course.waiting }
}

export function isOverdue(course: Course): boolean {
  const deadline = deadlineOf(course)
  return deadline !== undefined && course.pass.now >= deadline
}
