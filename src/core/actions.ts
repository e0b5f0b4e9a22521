/** Commands from people and programs: each is obeyed or refused once, and what became of it is written down. */

import { unreachable } from './assert.ts'
import type { PatchOperation, Write } from './decision.ts'
import { pointer } from './decision.ts'
import { type Action, type ActionAsked, actionId } from './model/app.ts'
import { note, type Pass, retreat, withBook, withTrial } from './pass.ts'
import { annotations } from './render/names.ts'
import { waits } from './steps/step.ts'

/** Takes the command that stands on the object into the notebook, unless it was taken before. */
export function obey(pass: Pass): Pass {
  const asked = pass.observed.app.action
  if (asked === undefined || isTaken(pass, asked)) return pass
  if (asked.kind === 'malformed') return refused(pass, asked.id, undefined, asked.problem)
  const { action } = asked
  const problem = stale(pass, action)
  if (problem !== undefined) return refused(pass, action.id, action.by, problem)
  return run(pass, action)
}

/** The write that takes a consumed command off the object: only after the notebook that records it is stored. */
export function takeOff({ observed }: Pass): readonly Write[] {
  const { app, notebook } = observed
  if (app.action === undefined) return []
  const id = actionId(app.action)
  if (notebook?.decisions.some((record) => record.actionId === id) !== true) return []
  const path = pointer('metadata', 'annotations', annotations.action)
  const patch: readonly PatchOperation[] = [
    { op: 'test', path: '/metadata/uid', value: app.uid },
    { op: 'test', path, value: app.action.text },
    { op: 'remove', path },
  ]
  const { apiVersion, kind, name } = app.owner
  return [{ kind: 'patch', ref: { apiVersion, kind, namespace: app.namespace, name }, patch }]
}

function isTaken({ book }: Pass, asked: ActionAsked): boolean {
  const id = actionId(asked)
  return book.decisions.some((record) => record.actionId === id)
}

// A command is bound to what its author was looking at. To stop a release, its revision is enough: people who pull the
// brake should not lose a race against the next step.
function stale({ observed, facts, book }: Pass, action: Action): string | undefined {
  if (action.uid !== observed.app.uid) return 'it was meant for an object of this name that is gone'
  const target = facts.target.kind === 'ask' ? undefined : facts.target.revision
  const current = book.trial?.revision ?? target
  if (current !== undefined && action.revision !== current) {
    return `it was meant for revision ${action.revision}; the release is at ${current} now`
  }
  const bound = action.verb === 'promote' || action.verb === 'promote-full'
  if (bound && book.trial !== undefined && action.step !== book.trial.step) {
    return `it was meant for step ${action.step ?? '?'}; the release is at step ${book.trial.step} now`
  }
  return undefined
}

function run(pass: Pass, action: Action): Pass {
  switch (action.verb) {
    case 'pause':
      return pause(pass, action)
    case 'resume':
      return resume(pass, action)
    case 'promote':
      return promote(pass, action)
    case 'promote-full':
      return promoteFull(pass, action)
    case 'abort':
      return abort(pass, action)
    case 'retry':
      return retry(pass, action)
    case 'undo':
    case 'restart':
      return refuse(
        pass,
        action,
        `${action.verb} changes the template; use "headgate ${action.verb}"`,
      )
    default:
      return unreachable(action.verb)
  }
}

function pause(pass: Pass, action: Action): Pass {
  if (pass.book.trial?.stage.kind !== 'steps')
    return refuse(pass, action, 'no release is going forward that could pause')
  if (pass.book.paused !== undefined) return refuse(pass, action, 'the release is paused already')
  const paused = withBook(pass, { paused: { at: pass.now, by: action.by } })
  return obeyed(paused, action, 'Pause', 'Paused', `paused by ${action.by}`)
}

function resume(pass: Pass, action: Action): Pass {
  if (pass.book.paused === undefined) return refuse(pass, action, 'the release is not paused')
  return obeyed(unpause(pass), action, 'Resume', 'StepCompleted', `resumed by ${action.by}`)
}

/** A step's clock stands still while somebody holds the release. */
function unpause(pass: Pass): Pass {
  const { paused, trial } = pass.book
  if (paused === undefined || trial === undefined) return withBook(pass, { paused: undefined })
  const held = pass.now - Math.max(paused.at, trial.stepStartedAt)
  return withBook(withTrial(pass, { stepStartedAt: trial.stepStartedAt + held }), {
    paused: undefined,
  })
}

function promote(pass: Pass, action: Action): Pass {
  const { trial, paused } = pass.book
  if (trial?.stage.kind !== 'steps') return refuse(pass, action, 'no release waits for a promotion')
  const step = pass.observed.app.plan.steps[trial.step]
  if (step === undefined || !waits(step)) {
    if (paused === undefined)
      return refuse(pass, action, 'the present step does not wait for anybody')
    return obeyed(unpause(pass), action, 'Resume', 'StepCompleted', `resumed by ${action.by}`)
  }
  const said = obeyed(
    unpause(pass),
    action,
    'Promote',
    'StepCompleted',
    `step ${trial.step + 1} promoted by ${action.by}`,
  )
  return withTrial(said, { step: trial.step + 1, stepStartedAt: pass.now })
}

function promoteFull(pass: Pass, action: Action): Pass {
  const { trial } = pass.book
  if (trial?.stage.kind !== 'steps') return refuse(pass, action, 'no release waits for a promotion')
  const said = obeyed(
    unpause(pass),
    action,
    'PromoteFull',
    'Promoting',
    `promoted past all steps by ${action.by}`,
  )
  return withTrial(said, {
    stage: { kind: 'promoting' },
    step: pass.observed.app.plan.steps.length,
    stepStartedAt: pass.now,
  })
}

function abort(pass: Pass, action: Action): Pass {
  const kind = pass.book.trial?.stage.kind
  if (kind === undefined) return refuse(pass, action, 'no release is under way')
  if (kind === 'retreating') return refuse(pass, action, 'the release is on its way back already')
  const message = `aborted by ${action.by}`
  return retreat(
    obeyed(pass, action, 'Abort', 'Aborted', message),
    { reason: 'Aborted', message },
    'failed',
  )
}

function retry(pass: Pass, action: Action): Pass {
  const { failed, trial } = pass.book
  if (trial !== undefined || failed === undefined || failed.revision !== action.revision) {
    return refuse(pass, action, 'this revision has not failed')
  }
  return obeyed(
    withBook(pass, { failed: undefined }),
    action,
    'Retry',
    'StepCompleted',
    `retried by ${action.by}`,
  )
}

function obeyed(
  pass: Pass,
  { id, by }: Action,
  action: string,
  reason: Parameters<typeof note>[1]['reason'],
  message: string,
): Pass {
  return note(pass, { action, reason, message, by, actionId: id })
}

function refuse(pass: Pass, { id, by, verb }: Action, why: string): Pass {
  return refused(pass, id, by, `${verb} refused: ${why}`)
}

function refused(pass: Pass, id: string, by: string | undefined, message: string): Pass {
  return note(pass, { action: 'Refuse', reason: pass.book.reason.type, message, by, actionId: id })
}
