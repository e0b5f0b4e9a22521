/** The spine: a snapshot and an instant in, a decision out. It orders what others judge and has no policy of its own. */

import { obey, takeOff } from './actions.ts'
import { takeAnswers } from './analysis/schedule.ts'
import { holdFinding, stopFinding, turnFinding } from './checks.ts'
import { conclude } from './conclude.ts'
import { advance, stanceOf } from './course.ts'
import { expireOverdue } from './deadline.ts'
import type { Decision } from './decision.ts'
import { concludeExperiment, forgetConclusion } from './experiment/conclusion.ts'
import { withLooks } from './experiment/looks.ts'
import { factsOf } from './facts.ts'
import { tellLeftOut } from './left-out.ts'
import { analysisOf, type Trial, trialOf } from './model/notebook.ts'
import type { RoleName } from './model/weights.ts'
import { move } from './move/move.ts'
import type { Part } from './move/waiting.ts'
import type { Observed } from './observed.ts'
import { canReturn, emptyNotebook, note, type Pass, retreat, withBook } from './pass.ts'
import { relieve } from './reference.ts'
import { retire, retireAsIs, withinReach } from './retire.ts'
import { frozen } from './strategies/strategy.ts'
import type { Instant } from './time.ts'
import { turn } from './turn.ts'

/**
 * Decides what should be true of one release. Equal arguments give an equal decision, to the byte.
 * @throws Bug when the snapshot is one that no door may let through.
 */
export function decide(observed: Observed, now: Instant): Decision {
  const started = begin(observed, now)
  const pass = turn(obey(forgetConclusion(withLooks(withSamples(started)))))
  const stop = stopFinding(pass)
  if (stop !== undefined) {
    const writes = [...takeOff(pass), ...retireAsIs(observed)]
    return conclude({ course: { pass, waiting: stop, waits: {} }, stance: undefined, writes })
  }
  return run(concludeExperiment(pass.book.trials.reduce(turnedBack, pass)))
}

const nothing: Part = { writes: [], held: [] }

function begin(observed: Observed, now: Instant): Pass {
  const book = observed.notebook ?? emptyNotebook(observed.app.generation, now)
  return tellLeftOut({ observed, facts: factsOf(observed, now), now, book })
}

function withSamples(pass: Pass): Pass {
  const { app, memo, answers } = pass.observed
  const { analysis } = app
  // Of nothing to measure nothing is kept.
  if (analysis === undefined || analysis.metrics.length === 0) return pass
  if (pass.book.trials.length === 0) return pass
  const analyses = pass.book.trials.map((trial) => {
    const known = [analysisOf(memo, trial.role), analysisOf(pass.book, trial.role)]
    return takeAnswers(analysis, trial, known, answers)
  })
  return withBook(pass, { analyses })
}

function turnedBack(pass: Pass, trial: Trial): Pass {
  const { role } = trial
  const finding = turnFinding(pass, trial)
  if (finding === undefined || !canReturn(pass, trial)) return pass
  const { type: reason, message } = finding
  const told = note(pass, { role, action: 'Retreat', reason, message })
  return retreat(told, role, { reason, message }, 'failed')
}

function run(pass: Pass): Decision {
  const wanted = stanceOf(pass)
  const still = stillRoles(pass)
  const stance = wanted === undefined ? undefined : frozen(wanted, pass.facts, still)
  const made =
    stance === undefined
      ? nothing
      : move(pass.observed, pass.facts, stance, pass.now, isRecorded(pass))
  const ended = expireOverdue(advance(pass, made))
  const relieved = relieve(pass.facts, ended.pass.book.stable)
  const moves = withinReach(pass.observed, [...made.writes, ...relieved])
  const writes = [...moves, ...takeOff(pass), ...retire(ended.pass)]
  return conclude({ course: ended, stance, writes, imagined: made.imagined })
}

/** Candidates that must not gain traffic, because something holds them or their place is not yet on record. */
function stillRoles(pass: Pass): readonly RoleName[] {
  return pass.book.trials
    .filter((trial) => trial.stage.kind !== 'retreating')
    .filter(
      (trial) => holdFinding(pass, trial)?.move === 'freeze' || !isOnRecord(pass.observed, trial),
    )
    .map(({ role }) => role)
}

/** Whether the stored notebook knows the trials as they stand now. */
function isRecorded({ observed, book }: Pass): boolean {
  return book.trials.every((trial) => isOnRecord(observed, trial))
}

function isOnRecord({ notebook }: Observed, trial: Trial): boolean {
  const stored = notebook === undefined ? undefined : trialOf(notebook, trial.role)
  return (
    stored?.revision === trial.revision &&
    stored.step === trial.step &&
    stored.stage.kind === trial.stage.kind &&
    stored.command?.version === trial.command?.version
  )
}
