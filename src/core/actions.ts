/** Commands from people and programs: each is obeyed or refused once, and what became of it is written down. */

import { unreachable } from './assert.ts'
import { bound, forgetTaken } from './bare.ts'
import type { PatchOperation, Write } from './decision.ts'
import { pointer } from './decision.ts'
import {
  acknowledge,
  concludedBy,
  concludedWithout,
  isUnderWay,
  isVariant,
  signOf,
} from './experiment/conclusion.ts'
import { type Action, type ActionAsked, candidateOf, stepsOf } from './model/app.ts'
import type { GateSpec } from './model/gate.ts'
import type { Notebook, Trial } from './model/notebook.ts'
import {
  canReturn,
  forgive,
  note,
  type Pass,
  retreat,
  standingId,
  withBook,
  withTrial,
} from './pass.ts'
import { annotations } from './render/names.ts'
import { waits } from './steps/step.ts'
import { isOfTemplate, saidOfTemplate, type TemplateVerb } from './template-changes.ts'
import { introduce, promoteAgain } from './turn.ts'

/** Takes the command that stands on the object into the notebook, unless it was taken before. */
export function obey(pass: Pass): Pass {
  const asked = pass.observed.app.action
  if (asked === undefined) return forgetTaken(pass)
  if (asked.kind !== 'bare') return obeyBound(forgetTaken(pass), asked)
  if (standingId(pass) !== undefined) return pass
  const { annotation, text } = asked
  const action = bound(pass, asked)
  const taken = withBook(pass, { taken: { annotation, text, id: action.id } })
  return permitted(taken, action)
}

type Bound = Exclude<ActionAsked, { kind: 'bare' }>

function obeyBound(pass: Pass, asked: Bound): Pass {
  const id = standingId(pass)
  if (pass.book.decisions.some((record) => record.actionId === id)) return pass
  if (asked.kind === 'malformed') return refused(pass, asked.id, undefined, asked.problem)
  const { action } = asked
  const problem = stale(pass, action)
  return problem === undefined
    ? permitted(pass, action)
    : refused(pass, action.id, action.by, problem)
}

function permitted(pass: Pass, action: Action): Pass {
  const { actions } = pass.observed.app
  const { verb } = action
  const open = actions === undefined || verb === 'conclude' || actions.takes.includes(verb)
  if (open) return run(pass, action)
  return refuse(pass, action, `${actions.instead} commands this release; ask there`)
}

/** The write that takes a consumed command off the object: only after the notebook that records it is stored. */
export function takeOff({ observed }: Pass): readonly Write[] {
  const { app, notebook } = observed
  if (app.action === undefined || notebook === undefined) return []
  const id = standingId({ observed, book: notebook })
  if (id === undefined || !notebook.decisions.some((record) => record.actionId === id)) return []
  const annotation = app.action.kind === 'bare' ? app.action.annotation : annotations.action
  const path = pointer('metadata', 'annotations', annotation)
  const patch: readonly PatchOperation[] = [
    { op: 'test', path: '/metadata/uid', value: app.uid },
    { op: 'test', path, value: app.action.text },
    { op: 'remove', path },
  ]
  const { apiVersion, kind, name } = app.owner
  return [{ kind: 'patch', ref: { apiVersion, kind, namespace: app.namespace, name }, patch }]
}

// A command is bound to what its author was looking at. To stop a release, its revision is enough: people who pull the
// brake should not lose a race against the next step.
function stale({ observed, facts, book }: Pass, action: Action): string | undefined {
  if (action.uid !== observed.app.uid) return 'it was meant for an object of this name that is gone'
  if (isOfTemplate(action, book)) return undefined
  const targets = [facts.target, ...Object.values(facts.targets)]
  const asked = targets.flatMap((target) => (target.kind === 'ask' ? [] : [target.revision]))
  // What was turned back is retried beside what is on trial.
  const trials = action.verb === 'retry' ? [] : book.trials
  const current = trials.length > 0 ? trials.map(({ revision }) => revision) : [...new Set(asked)]
  if (current.length > 0 && !current.includes(action.revision)) {
    const failed = book.failed.find(
      ({ revision }) => trials.length === 0 && asked.includes(revision),
    )
    if (failed !== undefined)
      return `nothing is on trial: revision ${failed.revision} was turned back; retry it, or ask for another one`
    return `it was meant for revision ${action.revision}; the release is at ${current.join(', ')} now`
  }
  const bound = action.verb === 'promote' || action.verb === 'promote-full'
  const trial = meant(book, action)
  if (bound && trial !== undefined && action.step !== trial.step) {
    return `it was meant for step ${action.step ?? '?'}; the release is at step ${trial.step} now`
  }
  return undefined
}

/** The trial that a command means: that of the candidate it names, else that of its revision. */
function meant({ trials }: Notebook, { candidate, revision }: Action): Trial | undefined {
  return trials.find((trial) =>
    candidate === undefined ? trial.revision === revision : trial.role === candidate,
  )
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
    case 'conclude':
      return concludedOpen(pass, action)
    case 'undo':
    case 'restart':
    case 'set-image':
      return templateChanged(pass, action, action.verb)
    default:
      return unreachable(action.verb)
  }
}

function isForward({ stage }: Trial): boolean {
  return stage.kind === 'steps'
}

function pause(pass: Pass, action: Action): Pass {
  if (!pass.book.trials.some(isForward))
    return refuse(pass, action, 'no release is going forward that could pause')
  if (pass.book.paused !== undefined) return refuse(pass, action, 'the release is paused already')
  const paused = withBook(pass, { paused: { at: pass.now, by: action.by } })
  return obeyed(paused, action, 'Pause', 'Paused', `paused by ${action.by}`)
}

function resume(pass: Pass, action: Action): Pass {
  if (pass.book.paused === undefined) return refuse(pass, action, 'the release is not paused')
  return obeyed(unpause(pass), action, 'Resume', 'StepCompleted', `resumed by ${action.by}`)
}

/** Said of what goes on although somebody holds it: that hold ends by it. */
export function endOfHold({ paused }: Pick<Notebook, 'paused'>): string {
  return paused === undefined ? '' : `; the pause of ${paused.by} ends by it`
}

/** A step's clock stands still while somebody holds the release. */
function unpause(pass: Pass): Pass {
  const { paused, trials } = pass.book
  if (paused === undefined) return pass
  const moved = trials.map((trial) => {
    const held = pass.now - Math.max(paused.at, trial.stepStartedAt)
    return { ...trial, stepStartedAt: trial.stepStartedAt + held }
  })
  return withBook(pass, { paused: undefined, trials: moved })
}

function promote(pass: Pass, action: Action): Pass {
  const { paused } = pass.book
  const trial = meant(pass.book, action)
  if (pass.book.concluded?.open === true && trial === undefined && action.candidate === undefined) {
    const message = `conclusion accepted by ${action.by}`
    return acknowledge(obeyed(pass, action, 'Promote', 'ConcludedByHand', message))
  }
  if (trial === undefined && pass.book.concluded?.open === true) return reviewed(pass, action)
  if (trial?.stage.kind === 'verifying' && wantsApproval(pass.observed.app.plan.promotion.gates))
    return approve(pass, action, trial)
  if (trial === undefined || !isForward(trial))
    return refuse(pass, action, 'no release waits for a promotion')
  if (isVariant(pass.observed.app, trial.role)) return choose(pass, action, trial)
  const step = stepsOf(pass.observed.app, trial.role)[trial.step]
  if (step === undefined || !waits(step)) {
    if (paused === undefined)
      return refuse(pass, action, 'the present step does not wait for anybody')
    const message = `resumed by ${action.by}${endOfHold(pass.book)}`
    return obeyed(unpause(pass), action, 'Resume', 'StepCompleted', message)
  }
  if (step.kind === 'gate' && wantsApproval(step.gates)) return approve(pass, action, trial)
  const said = obeyed(
    unpause(pass),
    action,
    'Promote',
    'StepCompleted',
    `step ${trial.step + 1} promoted by ${action.by}${endOfHold(pass.book)}`,
  )
  return withTrial(said, trial.role, { step: trial.step + 1, stepStartedAt: pass.now })
}

function wantsApproval(gates: readonly GateSpec[] = []): boolean {
  return gates.some(({ kind }) => kind === 'approval')
}

/** It is the gate that goes on then, once everything else it asks for has passed. */
function approve(pass: Pass, action: Action, { step }: Trial): Pass {
  const message = `step ${step + 1} approved by ${action.by}${endOfHold(pass.book)}`
  return obeyed(unpause(pass), action, 'Approve', 'StepCompleted', message)
}

/** A candidate of an experiment is promoted by ending it in its favour. */
function choose(pass: Pass, action: Action, { role }: Trial): Pass {
  if (signOf(pass) === undefined)
    return refuse(pass, action, 'the server is being asked what the template means; try again')
  const message = `${role} promoted by ${action.by}${endOfHold(pass.book)}`
  const said = obeyed(unpause(pass), action, 'Promote', 'ConcludedByHand', message)
  return concludedBy(said, role, action.by)
}

/** An experiment that is over, and waits: its conclusion is put aside for the candidate that is named. */
function reviewed(pass: Pass, action: Action): Pass {
  const { candidate: role = '' } = action
  const target = pass.facts.targets[role]
  if (target === undefined || candidateOf(pass.observed.app, role) === undefined)
    return refuse(pass, action, `${role} is no candidate`)
  if (target.kind === 'ask')
    return refuse(pass, action, 'the server is being asked what the template means; try again')
  const message = `${role} promoted by ${action.by}`
  return promoteAgain(
    obeyed(pass, action, 'Promote', 'ConcludedByHand', message),
    role,
    target.revision,
  )
}

function concludedOpen(pass: Pass, action: Action): Pass {
  if (pass.book.concluded !== undefined || !isUnderWay(pass))
    return refuse(pass, action, 'no experiment is under way')
  if (signOf(pass) === undefined)
    return refuse(pass, action, 'the server is being asked what the template means; try again')
  return concludedWithout(unpause(pass), action)
}

function promoteFull(pass: Pass, action: Action): Pass {
  const trial = meant(pass.book, action)
  if (trial === undefined || !isForward(trial))
    return refuse(pass, action, 'no release waits for a promotion')
  if (isVariant(pass.observed.app, trial.role)) return choose(pass, action, trial)
  const said = obeyed(
    unpause(pass),
    action,
    'PromoteFull',
    'Promoting',
    `promoted past all steps by ${action.by}${endOfHold(pass.book)}`,
  )
  return withTrial(said, trial.role, {
    stage: { kind: 'promoting' },
    step: stepsOf(pass.observed.app, trial.role).length,
    stepStartedAt: pass.now,
  })
}

/** Turns back the candidate that is named, or everything that is on trial. */
function abort(pass: Pass, action: Action): Pass {
  const { trials } = pass.book
  const named = trials.filter(
    ({ role }) => action.candidate === undefined || action.candidate === role,
  )
  if (named.length === 0) return refuse(pass, action, 'no release is under way')
  if (named.every(({ stage }) => stage.kind === 'retreating'))
    return refuse(pass, action, 'the release is on its way back already')
  if (!named.every((trial) => trial.stage.kind === 'retreating' || canReturn(pass, trial)))
    return refuse(
      pass,
      action,
      'its pods are becoming the stable ones; ask for the earlier template',
    )
  const message = `aborted by ${action.by}`
  const said = obeyed(pass, action, 'Abort', 'Aborted', message)
  const { concluded } = said.book
  return named.reduce(
    (before, { role }) => retreat(before, role, { reason: 'Aborted', message }, 'failed'),
    // Nobody needs to accept a conclusion that somebody has overruled.
    concluded === undefined ? said : withBook(said, { concluded: { ...concluded, open: false } }),
  )
}

function templateChanged(pass: Pass, action: Action, verb: TemplateVerb): Pass {
  const said = saidOfTemplate(pass, action, verb)
  if (said === undefined) return pass
  return said.kind === 'changed' ? note(pass, said.note) : refuse(pass, action, said.why)
}

function retry(pass: Pass, action: Action): Pass {
  const { failed, trials } = pass.book
  const again = failed.filter(
    ({ role, revision }) =>
      revision === action.revision && !trials.some((trial) => trial.role === role),
  )
  if (again.length === 0) return refuse(pass, action, 'this revision has not failed')
  const forgiven = again.reduce(
    (before, { role, revision }) => forgive(before, role, revision),
    withBook(pass, { concluded: undefined }),
  )
  const said = obeyed(forgiven, action, 'Retry', 'StepCompleted', `retried by ${action.by}`)
  return action.revision === said.book.stable ? introduce(said) : said
}

function obeyed(
  pass: Pass,
  asked: Action,
  action: string,
  reason: Parameters<typeof note>[1]['reason'],
  message: string,
): Pass {
  const { id: actionId, by } = asked
  return note(pass, { role: meant(pass.book, asked)?.role, action, reason, message, by, actionId })
}

function refuse(pass: Pass, { id, by, verb }: Action, why: string): Pass {
  return refused(pass, id, by, `${verb} refused: ${why}`)
}

function refused(pass: Pass, id: string, by: string | undefined, message: string): Pass {
  const { role } = pass.book.trials[0] ?? {}
  return note(pass, { role, action: 'Refuse', reason: 'CommandRefused', message, by, actionId: id })
}
