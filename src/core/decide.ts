/** The spine: a snapshot and an instant in, a decision out. It orders what others judge and has no policy of its own. */

import { obey, takeOff } from './actions.ts'
import { takeAnswers } from './analysis/schedule.ts'
import { type Finding, firstFinding } from './checks.ts'
import { conclude } from './conclude.ts'
import { advance, stanceOf } from './course.ts'
import { expireOverdue } from './deadline.ts'
import type { Decision } from './decision.ts'
import { factsOf } from './facts.ts'
import { type Move, move } from './move/move.ts'
import type { Observed } from './observed.ts'
import { emptyNotebook, note, type Pass, retreat, withBook } from './pass.ts'
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
  const pass = turn(obey(withSamples(started)))
  const finding = firstFinding(pass)
  if (finding?.move === 'stop') {
    return conclude({
      pass,
      stance: undefined,
      made: nothing,
      waiting: finding,
      writes: [...takeOff(pass), ...retireAsIs(observed)],
    })
  }
  return run(turnedBack(pass, finding), finding?.move === 'retreat' ? undefined : finding)
}

const nothing: Move = { writes: [], waiting: undefined }

function begin(observed: Observed, now: Instant): Pass {
  const book = observed.notebook ?? emptyNotebook(observed.app.generation, now)
  return { observed, facts: factsOf(observed, now), now, book }
}

function withSamples(pass: Pass): Pass {
  const { analysis } = pass.observed.app
  const { trial } = pass.book
  if (analysis === undefined || trial === undefined) return pass
  const known = [pass.observed.memo.analysis, pass.book.analysis]
  return withBook(pass, { analysis: takeAnswers(analysis, trial, known, pass.observed.answers) })
}

function turnedBack(pass: Pass, finding: Finding | undefined): Pass {
  if (finding?.move !== 'retreat') return pass
  const { type: reason, message } = finding
  return retreat(note(pass, { action: 'Retreat', reason, message }), { reason, message }, 'failed')
}

function run(pass: Pass, hold: Finding | undefined): Decision {
  const wanted = stanceOf(pass)
  const stance =
    wanted === undefined || hold?.move !== 'freeze' ? wanted : frozen(wanted, pass.facts)
  const made =
    stance === undefined
      ? nothing
      : move(pass.observed, pass.facts, stance, pass.now, isRecorded(pass))
  const course = advance(pass, made, hold)
  const ended = expireOverdue(course, hold !== undefined)
  const moves = withinReach(pass.observed, made.writes)
  const writes = [...moves, ...takeOff(pass), ...retire(ended.pass)]
  return conclude({ pass: ended.pass, stance, made, waiting: ended.waiting, writes })
}

/** Whether the stored notebook knows the trial as it stands now. */
function isRecorded({ observed, book }: Pass): boolean {
  const stored = observed.notebook?.trial
  const { trial } = book
  return (
    trial === undefined ||
    (stored?.revision === trial.revision &&
      stored.step === trial.step &&
      stored.stage.kind === trial.stage.kind)
  )
}
