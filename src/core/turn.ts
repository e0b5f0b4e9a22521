/** What changed targets mean for the release: for each candidate a trial begins, is given up, or nothing at all. */
import { type Candidate, type Command, candidateOf } from './model/app.ts'
import { type Failure, type Trial, trialOf } from './model/notebook.ts'
import type { RoleName } from './model/weights.ts'
import { canReturn, forgive, note, type Pass, retreat, withBook, withTrial } from './pass.ts'
import type { Target } from './revision.ts'

/** Brings the trials in line with what is asked for now. */
export function turn(pass: Pass): Pass {
  const { app } = pass.observed
  if (app.deletedAt !== undefined) return deleted(pass)
  const withdrawn = pass.book.trials.filter(({ role }) => candidateOf(app, role) === undefined)
  const left = withdrawn.reduce(
    (before, { role }) => giveUp(before, role, 'Withdrawn', `${role} is no candidate any more`),
    pass,
  )
  return app.plan.candidates.reduce(turnOne, forgetFinished(left))
}

function deleted(pass: Pass): Pass {
  return pass.book.trials.reduce(
    (before, { role }) => giveUp(before, role, 'Retiring', 'the release is being deleted'),
    pass,
  )
}

function turnOne(pass: Pass, candidate: Candidate): Pass {
  const { role } = candidate
  const target = pass.facts.targets[role]
  if (target === undefined || target.kind === 'ask') return pass
  const { stable, failed, concluded } = pass.book
  const trial = trialOf(pass.book, role)
  if (trial !== undefined) return goOn(pass, candidate, trial, target)
  if (stable === undefined) return forgiveLast(pass, role)
  if (stable === target.revision) return isDebut(pass, role) ? pass : forgiveLast(pass, role)
  // What was compared once is not compared again, whoever won.
  if (concluded !== undefined) return pass
  if (isFinished(pass, candidate)) return pass
  const known = failed.find((one) => one.role === role && one.revision === target.revision)
  if (known !== undefined && !isNewer(candidate, known)) return pass
  if (pass.book.seat !== undefined) return comeHome(pass, pass.book.seat, stable)
  return begin(pass, candidate, target.revision)
}

/** The very first revision failed on its own way in: there is nothing else to serve, and still it is told. */
function isDebut({ book, observed }: Pass, role: RoleName): boolean {
  if (observed.app.plan.firstInstall !== 'steps') return false
  return book.failed.some((one) => one.role === role && one.revision === book.stable)
}

/** The first revision goes through the steps beside itself, where the plan says so. */
export function introduce(pass: Pass): Pass {
  const { plan, workloads } = pass.observed.app
  const { stable } = pass.book
  if (plan.firstInstall !== 'steps' || workloads.layout.by !== 'role' || stable === undefined)
    return pass
  return plan.candidates
    .filter(({ role, own }) => own === undefined && trialOf(pass.book, role) === undefined)
    .reduce((before, candidate) => begin(before, candidate, stable), pass)
}

/** A failure that is remembered by number stays until a success. */
function forgiveLast(pass: Pass, role: RoleName): Pass {
  return (pass.observed.app.plan.keepFailures ?? 1) > 1 ? pass : forgive(pass, role)
}

/** Whether the candidate became stable by this very word, or a later one. */
function isFinished({ book }: Pass, { role, command }: Candidate): boolean {
  const done = book.finished?.find((one) => one.role === role)
  return command !== undefined && done !== undefined && command.version <= done.version
}

function forgetFinished(pass: Pass): Pass {
  const { finished } = pass.book
  if (finished === undefined) return pass
  const kept = finished.filter(({ role }) => candidateOf(pass.observed.app, role) !== undefined)
  if (kept.length === finished.length) return pass
  return withBook(pass, { finished: kept.length === 0 ? undefined : kept })
}

/** Whoever commands a candidate has said something since it was turned back. */
function isNewer({ command }: Candidate, failure: Failure): boolean {
  return command !== undefined && failure.command !== undefined && command.version > failure.command
}

type Known = Exclude<Target, { kind: 'ask' }>

function goOn(pass: Pass, { role, command }: Candidate, trial: Trial, target: Known): Pass {
  const { revision } = target
  if (trial.revision === revision) return commanded(pass, trial, command)
  if (pass.book.stable === revision) {
    const message = `revision ${revision} is asked for again, which is stable`
    return giveUp(pass, role, 'ReturnedToStable', message)
  }
  return giveUp(pass, role, 'Superseded', `revision ${revision} is asked for now`)
}

// Commands may arrive out of order, also over a crash: an older one than is on record says nothing any more.
function commanded(
  pass: Pass,
  { role, command: known, step }: Trial,
  command: Command | undefined,
): Pass {
  if (command === undefined || (known !== undefined && command.version <= known.version))
    return pass
  const told = note(pass, {
    role,
    action: 'Command',
    reason: 'StepCompleted',
    message: `command ${command.version} gives ${role} weight ${command.weight}${command.promote ? ' and promotes it' : ''}`,
  })
  return withTrial(told, role, { command, step, stepStartedAt: pass.now })
}

function giveUp(
  pass: Pass,
  role: RoleName,
  reason: 'Retiring' | 'ReturnedToStable' | 'Superseded' | 'Withdrawn',
  message: string,
): Pass {
  const trial = trialOf(pass.book, role)
  if (trial === undefined || trial.stage.kind === 'retreating' || !canReturn(pass, trial))
    return pass
  return retreat(
    note(pass, { role, action: 'Retreat', reason, message }),
    role,
    { reason, message },
    'forget',
  )
}

function begin(pass: Pass, { role, command }: Candidate, revision: string): Pass {
  const { book, now } = pass
  const { services } = pass.observed.app
  const trial: Trial = {
    role,
    revision,
    startedAt: now,
    // What was stable a moment ago has been judged already.
    stage: { kind: isWayBack(pass, revision) ? 'promoting' : 'steps' },
    step: 0,
    stepStartedAt: now,
    trafficSince: undefined,
    service: services[role] ?? '',
    command,
  }
  const many = (pass.observed.app.plan.keepFailures ?? 1) > 1
  const started = withBook(forgive(pass, role, many ? revision : undefined), {
    analyses: book.analyses.filter((one) => one.role !== role),
    looks: book.looks.filter((one) => one.role !== role),
    paused: book.trials.length === 0 ? undefined : book.paused,
    trials: [...book.trials, trial],
  })
  const message = `revision ${revision} goes on trial beside ${book.stable}`
  return note(started, { role, action: 'Start', reason: 'StepCompleted', message })
}

/** A candidate that was sent home by a conclusion takes over nevertheless: somebody says so. */
export function promoteAgain(pass: Pass, role: RoleName, revision: string): Pass {
  const candidate = candidateOf(pass.observed.app, role)
  const { concluded } = pass.book
  if (candidate === undefined || concluded === undefined) return pass
  const closed = withBook(pass, { concluded: { ...concluded, winner: role, open: false } })
  return withTrial(begin(closed, candidate, revision), role, { stage: { kind: 'promoting' } })
}

/** Whether a revision was stable just now and its pods are all there still. */
function isWayBack({ book, facts, now }: Pass, revision: string): boolean {
  const { previous } = book
  if (previous?.revision !== revision || now >= previous.until) return false
  return (facts.workload(revision)?.ready ?? 0) >= facts.app.replicas
}

/** Before another revision goes on trial, the stable one comes home to the stable role. */
function comeHome(pass: Pass, seat: RoleName, revision: string): Pass {
  const { now, observed, book } = pass
  const trial: Trial = {
    role: seat,
    revision,
    startedAt: now,
    stage: { kind: 'promoting' },
    step: 0,
    stepStartedAt: now,
    trafficSince: undefined,
    service: observed.app.services[seat] ?? '',
    command: undefined,
  }
  const message = `revision ${revision} hands its pods to the stable role, to make room`
  const started = withBook(pass, { trials: [...book.trials, trial] })
  return note(started, { role: seat, action: 'Handback', reason: 'Promoting', message })
}
