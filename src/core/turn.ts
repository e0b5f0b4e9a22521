/** What a changed target means for the release: a trial begins, is given up, or nothing at all. */
import { note, type Pass, retreat, withBook } from './pass.ts'

/** Brings the trial in line with the revision that is asked for now. */
export function turn(pass: Pass): Pass {
  const { target } = pass.facts
  const { book } = pass
  if (pass.observed.app.deletedAt !== undefined)
    return giveUp(pass, 'Retiring', 'the release is being deleted')
  if (target.kind === 'ask') return pass
  if (book.trial !== undefined) {
    if (book.trial.revision === target.revision) return pass
    if (book.stable === target.revision) {
      return giveUp(
        pass,
        'ReturnedToStable',
        `revision ${target.revision} is asked for again, which is stable`,
      )
    }
    return giveUp(pass, 'Superseded', `revision ${target.revision} is asked for now`)
  }
  if (book.stable === undefined || book.stable === target.revision) return forgive(pass)
  if (book.failed?.revision === target.revision) return pass
  return begin(pass, target.revision)
}

function giveUp(
  pass: Pass,
  reason: 'Retiring' | 'ReturnedToStable' | 'Superseded',
  message: string,
): Pass {
  const { trial } = pass.book
  if (trial === undefined || trial.stage.kind === 'retreating') return pass
  return retreat(note(pass, { action: 'Retreat', reason, message }), { reason, message }, 'forget')
}

// A failure is remembered only against the revision that failed: with stable asked for again, it is history.
function forgive(pass: Pass): Pass {
  return pass.book.failed === undefined ? pass : withBook(pass, { failed: undefined })
}

function begin(pass: Pass, revision: string): Pass {
  const started = withBook(pass, {
    failed: undefined,
    analysis: undefined,
    paused: undefined,
    trial: {
      revision,
      startedAt: pass.now,
      stage: { kind: 'steps' },
      step: 0,
      stepStartedAt: pass.now,
      trafficSince: undefined,
    },
  })
  const message = `revision ${revision} goes on trial beside ${pass.book.stable}`
  return note(started, { action: 'Start', reason: 'StepCompleted', message })
}
