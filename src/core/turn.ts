/** What changed targets mean for the release: for each candidate a trial begins, is given up, or nothing at all. */
import { type Candidate, type Command, candidateOf } from './model/app.ts'
import { type Trial, trialOf } from './model/notebook.ts'
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
  return app.plan.candidates.reduce(turnOne, left)
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
  if (stable === undefined || stable === target.revision) return forgive(pass, role)
  // What was compared once is not compared again, whoever won.
  if (concluded !== undefined) return pass
  if (failed.some((one) => one.role === role && one.revision === target.revision)) return pass
  if (pass.book.seat !== undefined) return comeHome(pass, pass.book.seat, stable)
  return begin(pass, candidate, target.revision)
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
  const started = withBook(forgive(pass, role), {
    analyses: book.analyses.filter((one) => one.role !== role),
    looks: book.looks.filter((one) => one.role !== role),
    paused: book.trials.length === 0 ? undefined : book.paused,
    trials: [...book.trials, trial],
  })
  const message = `revision ${revision} goes on trial beside ${book.stable}`
  return note(started, { role, action: 'Start', reason: 'StepCompleted', message })
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
