/** Where the release stands and goes: which stance it takes now, and what follows once that stance is reached. */
import { assert } from './assert.ts'
import type { Finding } from './checks.ts'
import type { App } from './model/app.ts'
import type { Trial } from './model/notebook.ts'
import type { Move } from './move/move.ts'
import { type Waiting, waitingFor } from './move/waiting.ts'
import { note, type Pass, retreat, withBook, withTrial } from './pass.ts'
import { analysisOutcome } from './steps/analysis.ts'
import { describeStep } from './steps/describe.ts'
import { outcomeOf, positionAt } from './steps/step.ts'
import { isPromoted, promotionStance, stepStance } from './strategies/canary.ts'
import { restStance } from './strategies/rest.ts'
import type { Stance } from './strategies/strategy.ts'

/** Undefined where nothing is wanted: no revision is known yet, or all that is left is to go. */
export function stanceOf({ observed, facts, book, now }: Pass): Stance | undefined {
  const { app } = observed
  const { trial, stable } = book
  if (trial === undefined && app.deletedAt !== undefined) return undefined
  if (stable === undefined) {
    return facts.target.kind === 'ask' ? undefined : restStance(app, facts.target.revision)
  }
  if (trial === undefined || trial.stage.kind === 'retreating') return restStance(app, stable)
  if (trial.stage.kind === 'promoting') return promotionStance(app, stable, trial, facts, now)
  return stepStance(app, stable, trial)
}

/** The pass after what could be concluded from the move, and what the release waits for if it waits. */
export type Course = { readonly pass: Pass; readonly waiting: Waiting | undefined }

export function advance(pass: Pass, made: Move, finding: Finding | undefined): Course {
  const { trial, stable } = pass.book
  if (trial === undefined) return atRest(pass, stable, made, finding)
  if (trial.stage.kind === 'retreating') return wayBack(pass, trial.stage, made)
  if (made.waiting !== undefined) return { pass, waiting: finding ?? made.waiting }
  const carried = withTraffic(pass, trial)
  if (finding !== undefined) return { pass: carried, waiting: finding }
  return trial.stage.kind === 'promoting' ? promoted(carried, trial) : stepOn(carried)
}

function atRest(
  pass: Pass,
  stable: string | undefined,
  made: Move,
  finding: Finding | undefined,
): Course {
  if (pass.observed.app.deletedAt !== undefined) {
    return { pass, waiting: waitingFor('Retiring', 'nothing is on trial; the release may go') }
  }
  if (stable !== undefined || finding !== undefined)
    return { pass, waiting: finding ?? made.waiting }
  return install(pass, made)
}

function install(pass: Pass, made: Move): Course {
  const { target } = pass.facts
  if (made.waiting !== undefined || target.kind === 'ask') return { pass, waiting: made.waiting }
  const installed = withBook(pass, { stable: target.revision })
  const message = `revision ${target.revision} serves all traffic; it is the first`
  return {
    pass: note(installed, { action: 'Complete', reason: 'Serving', message }),
    waiting: undefined,
  }
}

function wayBack(
  pass: Pass,
  stage: Extract<Trial['stage'], { kind: 'retreating' }>,
  made: Move,
): Course {
  if (made.waiting !== undefined) {
    const message = `${stage.why.message}; ${made.waiting.message}`
    return { pass, waiting: { ...made.waiting, type: 'Retreating', message } }
  }
  const message = `all traffic is at revision ${pass.book.stable} again: ${stage.why.message}`
  const told = note(pass, { action: 'Return', reason: stage.why.reason, message })
  return { pass: withBook(told, { trial: undefined }), waiting: undefined }
}

/** Metric windows begin when the candidate's first weight is in effect. */
function withTraffic(pass: Pass, trial: Trial): Pass {
  const { candidate } = pass.observed.app.plan
  if (trial.trafficSince !== undefined || (pass.facts.weights?.[candidate] ?? 0) === 0) return pass
  return withTrial(pass, { trafficSince: pass.now })
}

function promoted(pass: Pass, trial: Trial): Course {
  if (!isPromoted(pass.observed.app, trial, pass.facts)) {
    return {
      pass,
      waiting: waitingFor('Promoting', `revision ${trial.revision} takes over the stable role`),
    }
  }
  const message = `revision ${trial.revision} is stable and serves all traffic`
  const told = note(pass, { action: 'Complete', reason: 'Serving', message })
  return {
    pass: withBook(told, { stable: trial.revision, trial: undefined, failed: undefined }),
    waiting: undefined,
  }
}

/** Goes through all steps that are done and want nothing new of the cluster; stops at the first that does. */
function stepOn(pass: Pass): Course {
  const { steps } = pass.observed.app.plan
  let current = pass
  for (let turns = 0; turns <= steps.length; turns += 1) {
    const { trial } = current.book
    assert(trial !== undefined, 'a step is taken only while a revision is on trial')
    const step = steps[trial.step]
    if (step === undefined) return allDone(current, trial)
    const waiting = outcomeOf(step, current, trial)
    if (waiting !== undefined) return { pass: current, waiting }
    const message = `step ${trial.step + 1} of ${steps.length} is done: ${describeStep(step)}`
    const told = note(current, { action: 'StepAdvance', reason: 'StepCompleted', message })
    current = withTrial(told, { step: trial.step + 1, stepStartedAt: pass.now })
    if (movesOn(pass.observed.app, trial.step)) {
      return { pass: current, waiting: waitingFor('StepCompleted', message) }
    }
  }
  return { pass: current, waiting: undefined }
}

/** Whether the step after this one asks for other weights or pods. */
function movesOn({ plan }: App, index: number): boolean {
  if (index + 1 >= plan.steps.length) return false
  const here = positionAt(plan.steps, index)
  const next = positionAt(plan.steps, index + 1)
  return here.weight !== next.weight || here.replicas !== next.replicas
}

/** Nothing is promoted before each metric has passed. */
function allDone(pass: Pass, trial: Trial): Course {
  const metrics = pass.observed.app.analysis?.metrics.map(({ name }) => name) ?? []
  const waiting = analysisOutcome(metrics, trial.startedAt, pass)
  if (waiting !== undefined) return { pass, waiting }
  const message = `all steps are done; revision ${trial.revision} takes over the stable role`
  return {
    pass: withTrial(pass, { stage: { kind: 'promoting' }, stepStartedAt: pass.now }),
    waiting: waitingFor('Promoting', message),
  }
}

/** Turns a trial back that has not moved for too long. */
export function expire(pass: Pass, message: string): Pass {
  const told = note(pass, { action: 'Retreat', reason: 'ProgressDeadlineExceeded', message })
  return retreat(told, { reason: 'ProgressDeadlineExceeded', message }, 'failed')
}
