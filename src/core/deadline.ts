/**
 * The progress deadline: it counts the time in which nothing moved although something should. Deliberate waits (pauses,
 * approvals, analysis, a person's hold) do not count.
 */

import { holdFinding } from './checks.ts'
import { type Course, expire } from './course.ts'
import { entry } from './entry.ts'
import type { Facts } from './facts.ts'
import { type Memo, trialOf } from './model/notebook.ts'
import { type RoleName, stable, weightOf } from './model/weights.ts'
import { isUnserved } from './move/made.ts'
import type { Waiting } from './move/waiting.ts'
import { canReturn, type Pass } from './pass.ts'
import type { ReasonType } from './reasons.ts'
import { formatDuration, type Instant } from './time.ts'

const deliberate: ReadonlySet<ReasonType> = new Set<ReasonType>([
  'WaitingForPause',
  'WaitingForApproval',
  'WaitingForAnalysis',
  'WaitingForCommand',
  'WaitingForMetrics',
  'WaitingForGate',
  'WaitingForJudgement',
  'Paused',
  'RivalRelease',
  'ServiceTaken',
  'ServiceTooWide',
])

type Mark = Memo['progress'][number]

/** The deadline of the release itself, where nothing is on trial: a first install. */
const itself: RoleName = stable

/** When anything last moved for a candidate, as far as this process saw. */
function progressOf({ observed, facts, book, now }: Pass, role: RoleName): Mark {
  const trial = trialOf(book, role)
  const revisions = [trial?.revision, book.stable]
  const sign = [
    trial?.revision,
    trial?.stage.kind,
    trial?.step,
    trial?.command?.version,
    ...weightsSeen(facts, role),
    facts.accepted !== undefined,
    facts.target.kind === 'ask' ? '' : facts.target.revision,
    ...observed.workloads
      .filter(({ revision }) => trial === undefined || revisions.includes(revision))
      .map(({ name, replicas, ready }) => `${name}=${ready}/${replicas}`),
    ...[stable, role].map((one) =>
      JSON.stringify(entry(observed.endpoints, facts.app.services[one]) ?? {}),
    ),
  ].join(' ')
  const before = observed.memo.progress.find((mark) => mark.role === role)
  return before?.sign === sign ? before : { role, sign, at: now }
}

function weightsSeen({ reading }: Facts, role: RoleName): readonly unknown[] {
  if (reading.kind !== 'read') return [reading.kind]
  return [reading.uniform, weightOf(reading.weights, stable), weightOf(reading.weights, role)]
}

/** Whoever is under way, with what he waits for. */
function underWay({ pass, waiting, waits }: Course): readonly (readonly [RoleName, Waiting])[] {
  const { trials } = pass.book
  if (trials.length > 0) return trials.flatMap(({ role }) => pair(pass, role, waits[role]))
  return pass.book.stable === undefined ? pair(pass, itself, waiting) : []
}

function pair(
  { observed }: Pass,
  role: RoleName,
  waiting: Waiting | undefined,
): readonly (readonly [RoleName, Waiting])[] {
  if (waiting === undefined || deliberate.has(waiting.type)) return []
  return waiting.type === 'RouteMissing' && isUnserved(observed) ? [] : [[role, waiting]]
}

/** What to remember of it: nothing after a deliberate wait, so that there is all the time again when it ends. */
export function progressAfter(course: Course): Memo['progress'] {
  return underWay(course).map(([role]) => progressOf(course.pass, role))
}

function deadlines(course: Course): readonly (Mark & { readonly waiting: Waiting })[] {
  const { progressDeadlineMs } = course.pass.observed.app
  return underWay(course).map(([role, waiting]) => {
    const mark = progressOf(course.pass, role)
    return { ...mark, at: mark.at + progressDeadlineMs, waiting }
  })
}

/** When the release runs out of time; undefined while it waits on purpose or for nothing. */
export function deadlineOf(course: Course): Instant | undefined {
  const instants = deadlines(course).map(({ at }) => at)
  return instants.length === 0 ? undefined : Math.min(...instants)
}

/** Turns trials that ran out of time back. A way back or a first install has nowhere to return to: it goes on trying. */
export function expireOverdue(course: Course): Course {
  const { now, observed } = course.pass
  const limit = formatDuration(observed.app.progressDeadlineMs)
  return deadlines(course)
    .filter(({ at, role }) => now >= at && mayExpire(course.pass, role))
    .reduce((before, { role, waiting }) => {
      const message = `nothing moved for ${limit}: ${waiting.message}`
      return { ...before, pass: expire(before.pass, role, message) }
    }, course)
}

function mayExpire(pass: Pass, role: RoleName): boolean {
  const trial = trialOf(pass.book, role)
  if (trial === undefined || trial.stage.kind === 'retreating') return false
  if (!canReturn(pass, trial)) return false
  return holdFinding(pass, trial) === undefined
}

export function isOverdue(course: Course): boolean {
  return deadlines(course).some(({ at }) => course.pass.now >= at)
}
