/** The end of a pass: one reason, one phase, the notebook as it should be stored, and when to look again. */
import { isAlone } from './analysis/alone.ts'
import { schedule } from './analysis/schedule.ts'
import { conditionsOf } from './conditions.ts'
import type { Course } from './course.ts'
import { deadlineOf, isOverdue, progressAfter } from './deadline.ts'
import type { Decision, Write } from './decision.ts'
import { entry } from './entry.ts'
import { eventsOf } from './events.ts'
import { isVariant } from './experiment/conclusion.ts'
import { lookSchedule } from './experiment/looks.ts'
import { type Facts, knownInstants } from './facts.ts'
import { leftOutConditions, routeAbsentConditions } from './left-out.ts'
import type { App, Template } from './model/app.ts'
import type { Conclusion } from './model/experiment.ts'
import {
  analysisOf,
  keep,
  type Memo,
  type Notebook,
  type Phase,
  type Reason,
  type RoleState,
  trialOf,
} from './model/notebook.ts'
import { type RoleName, stable, type Weights, weightOf } from './model/weights.ts'
import type { Waiting } from './move/waiting.ts'
import { acknowledgementDue, farewellUntil, outboxAfter } from './outbox/outbox.ts'
import type { Pass } from './pass.ts'
import type { ReasonType } from './reasons.ts'
import { cut } from './render/text.ts'
import { workload } from './render/workload.ts'
import type { Target } from './revision.ts'
import { imageIn } from './role-image.ts'
import { hostConditions } from './sharing.ts'
import { gateMemory, gateQuestions } from './steps/gate.ts'
import type { Stance } from './strategies/strategy.ts'
import type { Instant } from './time.ts'
import { isWorthWriting } from './worth.ts'

/** A reason that lasts no longer than this is not worth a write. */
const lastingMs = 1000

export type Ending = {
  readonly course: Course
  readonly stance: Stance | undefined
  readonly writes: readonly Write[]
  /** Weights that are kept in mind, where no route has any. */
  readonly imagined?: Weights | undefined
}

export function conclude(ending: Ending): Decision {
  const { pass, waiting } = ending.course
  const { observed, now, facts } = pass
  const overdue = isOverdue(ending.course)
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
    imagined: facts.imagined ? (ending.imagined ?? pass.book.imagined) : undefined,
  }
  const events = eventsOf(observed, draft)
  const noted = { ...draft, outbox: outboxAfter(observed, events) }
  const leftOut = [
    ...leftOutConditions(observed.app),
    ...routeAbsentConditions(facts),
    ...hostConditions(observed),
  ]
  const conditions = conditionsOf(draft, observed.notebook, overdue, now, leftOut)
  const notebook = { ...noted, conditions }
  const worth = isWorthWriting(notebook, observed.notebook)
  const pending =
    !worth && observed.notebook !== undefined && observed.notebook.reason.type !== reason.type
  const lasts = now - memory.since >= lastingMs
  const due = worth ? undefined : acknowledgementDue(observed)
  return {
    reason,
    notebook,
    write: worth || (pending && lasts) || (due !== undefined && now >= due),
    memo: memoOf(ending, memory),
    writes: ending.writes,
    measure: asked.asks,
    asks: gateQuestions(pass),
    readBack: readBackOf(pass),
    events,
    wakeAt: earliest(
      wake,
      pending && !lasts ? memory.since + lastingMs : undefined,
      due,
      later(facts.settledAt, now),
      later(facts.drainedAt, now),
      ...knownInstants(facts).map((at) => later(at, now)),
    ),
  }
}

function askedFor(pass: Pass): ReturnType<typeof schedule> {
  const { observed, book, now } = pass
  const schedules = book.trials
    .filter(({ stage }) => stage.kind !== 'retreating')
    .flatMap((trial) => {
      const { role, revision } = trial
      const state = analysisOf(book, role) ?? { role, revision, metrics: [] }
      return [
        schedule(
          { app: observed.app, trial, stable: book.stable, state, alone: isAlone(pass, trial) },
          now,
        ),
        lookSchedule(pass, trial),
      ]
    })
  return {
    asks: schedules.flatMap(({ asks }) => asks),
    next: earliest(...schedules.map(({ next }) => next)),
  }
}

function phaseOf(pass: Pass, waiting: Waiting | undefined, overdue: boolean): Phase {
  const { book, observed, facts } = pass
  if (observed.app.deletedAt !== undefined) return 'Retiring'
  if (book.stable === undefined) return overdue ? 'Failed' : 'Initializing'
  const back = book.trials.some(({ stage }) => stage.kind === 'retreating')
  if (back && overdue) return 'Failed'
  if (book.trials.length > 0) return phaseOnTrial(pass, waiting)
  if (book.concluded !== undefined) return phaseConcluded(book, book.concluded)
  const asked = Object.entries(facts.targets).map(([role, target]) => ({
    role,
    revision: target.kind === 'ask' ? undefined : target.revision,
  }))
  const failed = asked.some(({ role, revision }) => hasFailed(book, role, revision))
  if (failed) return 'Failed'
  // The next trial has not begun yet: it does in the very next pass.
  const open = asked.some(({ revision }) => revision !== undefined && revision !== book.stable)
  return open ? 'Progressing' : 'Completed'
}

function phaseOnTrial({ book, observed }: Pass, waiting: Waiting | undefined): Phase {
  const { strategy } = observed.app.plan
  if (book.concluded !== undefined) return 'Concluded'
  if (waiting?.type === 'Paused') return 'Paused'
  const forward = book.trials.every(({ stage }) => stage.kind === 'steps')
  if (strategy === 'blueGreen' && forward) return 'Preview'
  const compared = book.trials.some(
    ({ role, stage }) => stage.kind === 'steps' && isVariant(observed.app, role),
  )
  if (compared) return 'Experimenting'
  return isPause(waiting) ? 'Paused' : 'Progressing'
}

/** A winner that was turned back makes the release a failed one; an experiment without a winner does not. */
function phaseConcluded({ failed }: Notebook, { open, winner }: Conclusion): Phase {
  if (open) return 'Concluded'
  return failed.some(({ role }) => role === winner) ? 'Failed' : 'Completed'
}

function hasFailed({ failed }: Notebook, role: RoleName, revision: string | undefined): boolean {
  return failed.some((one) => one.role === role && one.revision === revision)
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
  { book, observed, facts, now }: Pass,
  waiting: Waiting | undefined,
  phase: Phase,
  next: Instant | undefined,
): { reason: Reason; memory: ReasonMemory } {
  // Why it failed is history when users find nobody.
  const isTold = phase === 'Failed' && book.trials.length === 0 && !lacksPods(waiting)
  const found = isTold ? failure(book, facts) : undefined
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

function isRevision(target: Target, revision: string): boolean {
  return target.kind !== 'ask' && target.revision === revision
}

function lacksPods(waiting: Waiting | undefined): boolean {
  return waiting?.type === 'WaitingForPods' || waiting?.type === 'WaitingForEndpoints'
}

function failure(book: Notebook, { targets }: Facts): Said | undefined {
  const asked = Object.entries(targets)
  const failed =
    book.failed.findLast(({ role, revision }) =>
      asked.some(([one, target]) => one === role && isRevision(target, revision)),
    ) ?? book.failed.at(-1)
  if (failed === undefined) return undefined
  const message = `revision ${failed.revision} was turned back: ${failed.message}`
  return { type: failed.reason, message, object: undefined }
}

function atRest(book: Notebook): Said {
  const { concluded } = book
  if (concluded?.open === true) {
    const message = `${concluded.message}; it waits until somebody promotes`
    return { type: 'WaitingForApproval', message, object: undefined }
  }
  return {
    type: 'Serving',
    message: `revision ${book.stable} serves all traffic${concluded === undefined ? '' : `; ${concluded.message}`}`,
    object: undefined,
  }
}

function rolesOf({ course, stance }: Ending): readonly RoleState[] {
  const { facts, book } = course.pass
  if (stance === undefined) return [...book.roles, ...justBegun(course.pass)]
  const states = rolesIn(facts.app).flatMap((role) => {
    const revision =
      stance.revisions[role] ?? trialOf(book, role)?.revision ?? leftBehind(course.pass, role)
    if (revision === undefined) return []
    return [roleState(course.pass, role, revision, weightOf(stance.weights, role))]
  })
  return withTurned(course.pass, stance, states)
}

/**
 * Once the stable Service turns to a revision that is on trial still, its traffic is that candidate's, and what was stable
 * stands beside it without any.
 */
function withTurned(
  pass: Pass,
  stance: Stance,
  states: readonly RoleState[],
): readonly RoleState[] {
  const { book, facts } = pass
  const { stable: before, trials } = book
  const turned = trials.find(({ revision }) => revision === stance.revisions[stable])
  const own = states.find(({ role }) => role === stable)
  if (facts.app.workloads.layout.by === 'role' || before === undefined) return states
  if (turned === undefined || own === undefined || turned.revision === before) return states
  const confirmed = facts.selected(stable) === turned.revision ? own.confirmed : 0
  const left = { ...roleState(pass, stable, before, 0), confirmed: own.confirmed - confirmed }
  return states.map((one) => {
    if (one.role === stable) return left
    if (one.role !== turned.role) return one
    return { ...one, wanted: one.wanted + own.wanted, confirmed: one.confirmed + confirmed }
  })
}

/** Where a trial stands that began in a pass that stops: its candidate may have left the plan before the next one. */
function justBegun(pass: Pass): readonly RoleState[] {
  const { roles, trials } = pass.book
  return trials
    .filter(({ role }) => roles.every((one) => one.role !== role))
    .map(({ role, revision }) => roleState(pass, role, revision, 0))
}

function roleState(pass: Pass, role: RoleName, revision: string, wanted: number): RoleState {
  const { facts } = pass
  const seen = facts.workload(revision, role)
  const confirmed = facts.accepted === undefined ? undefined : facts.weights
  return {
    role,
    revision,
    replicas: seen?.replicas ?? 0,
    ready: seen?.ready ?? 0,
    wanted,
    confirmed: confirmed === undefined ? 0 : weightOf(confirmed, role),
    ...imageIn(pass, role, revision),
    ...(role === stable ? {} : placeOf(facts.app, role)),
  }
}

/** Roles that have a Service or a workload of their own. */
function rolesIn({ services, workloads }: App): readonly RoleName[] {
  const { layout } = workloads
  const seated = layout.by === 'role' ? Object.keys(layout.roles) : []
  return [...new Set([...Object.keys(services), ...seated])]
}

function placeOf(
  { services, workloads }: App,
  role: RoleName,
): Pick<RoleState, 'service' | 'seat'> {
  const { layout } = workloads
  const seat = layout.by === 'role' ? entry(layout.roles, role) : undefined
  return { service: services[role], ...(seat === undefined ? {} : { seat }) }
}

/** The revision of a candidate that is in the plan no more, as long as anything of it is there. */
function leftBehind({ book, facts, observed }: Pass, role: RoleName): string | undefined {
  const known = book.roles.find((one) => one.role === role)
  const { reading, app } = facts
  const isPlaced = reading.kind === 'read' && reading.roles.includes(role)
  const isThere = isPlaced || entry(observed.services, app.services[role])?.ours === true
  return isThere || facts.seat(role) !== undefined ? known?.revision : undefined
}

function memoOf({ course }: Ending, reason: ReasonMemory): Memo {
  return {
    accepted: course.pass.facts.accepted,
    listings: course.pass.facts.listings,
    progress: progressAfter(course),
    reason,
    analyses: course.pass.book.analyses,
    looks: course.pass.book.looks,
    gates: gateMemory(course.pass),
  }
}

function readBackOf({ facts, observed }: Pass): Decision['readBack'] {
  const { app } = observed
  const asked = [
    { role: stable, template: app as Template, target: facts.target },
    ...app.plan.candidates.flatMap(({ role, own }) => {
      const target = facts.targets[role]
      return own === undefined || target === undefined ? [] : [{ role, template: own, target }]
    }),
  ].find(({ target }) => target.kind === 'ask')
  if (asked === undefined) return undefined
  const { role, template } = asked
  const revision = `${template.written}-ask`
  return {
    written: template.written,
    object: workload(app, { role, revision, replicas: 0, template }),
  }
}

/** When the release wants to be looked at again although nothing happens. */
function wakeOf({ course }: Ending, nextMeasurement: Instant | undefined): Instant | undefined {
  const { pass, waiting, waits } = course
  const { book, observed, now } = pass
  const turned = JSON.stringify(book.trials) !== JSON.stringify(observed.notebook?.trials ?? [])
  const { deletedAt, progressDeadlineMs } = observed.app
  return earliest(
    turned || book.stable !== observed.notebook?.stable ? now : undefined,
    waiting?.until,
    ...Object.values(waits).map(({ until }) => until),
    nextMeasurement,
    later(deadlineOf(course), now),
    later(book.previous?.until, now),
    deletedAt === undefined ? undefined : later(deletedAt + progressDeadlineMs, now),
    deletedAt === undefined ? undefined : later(farewellUntil(observed, book), now),
  )
}

function later(instant: Instant | undefined, now: Instant): Instant | undefined {
  return instant !== undefined && instant > now ? instant : undefined
}

function earliest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  const known = instants.filter((instant) => instant !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
