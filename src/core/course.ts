/** Where the release stands and goes: which stance it takes now, and what follows once that stance is reached. */
import { assert, unreachable } from './assert.ts'
import { holdFinding } from './checks.ts'
import { type App, stepsOf } from './model/app.ts'
import { type Notebook, type Trial, trialOf } from './model/notebook.ts'
import type { RoleName } from './model/weights.ts'
import { isUnserved } from './move/made.ts'
import { heldUp, type Part, type Waiting, waitingFor } from './move/waiting.ts'
import { endTrial, note, type Pass, retreat, withBook, withTrial } from './pass.ts'
import { analysisOutcome } from './steps/analysis.ts'
import { describeStep } from './steps/describe.ts'
import { gateOutcome } from './steps/gate.ts'
import { outcomeOf, positionAt } from './steps/step.ts'
import { isHomecoming } from './strategies/by-role.ts'
import { isPromoted } from './strategies/promotion.ts'
import { restStance } from './strategies/rest.ts'
import type { Stance } from './strategies/strategy.ts'
import { isExposed, positionOf, trialsStance } from './strategies/trials.ts'
import { introduce } from './turn.ts'

/** Undefined where nothing is wanted: no revision is known yet, or all that is left is to go. */
export function stanceOf({ observed, facts, book, now }: Pass): Stance | undefined {
  const { app } = observed
  const { trials, stable } = book
  if (trials.length === 0 && app.deletedAt !== undefined) return undefined
  if (stable === undefined) {
    if (facts.target.kind === 'ask') return undefined
    return restStance(app, facts.target.revision, book, facts, now)
  }
  return trials.length === 0
    ? restStance(app, stable, book, facts, now)
    : trialsStance(app, stable, book, facts, now)
}

/** The pass after what could be concluded from the move, and what the release waits for if it waits. */
export type Course = {
  readonly pass: Pass
  readonly waiting: Waiting | undefined
  /** What each candidate waits for. */
  readonly waits: Readonly<Record<RoleName, Waiting>>
}

/** What one candidate waits for after the pass. */
type Progress = { readonly pass: Pass; readonly waiting: Waiting | undefined }

export function advance(pass: Pass, made: Part): Course {
  const { trials } = pass.book
  if (trials.length === 0) return { ...atRest(pass, made), waits: {} }
  const waits: Record<RoleName, Waiting> = {}
  let current = pass
  for (const trial of trials) {
    const progress = advanceOne(current, trial, made)
    current = progress.pass
    if (progress.waiting !== undefined) waits[trial.role] = progress.waiting
  }
  return { pass: current, waiting: mostUrgent(Object.values(waits)), waits }
}

// A way back is what people want to hear of first; then what holds everybody up; then the candidates in their order.
function mostUrgent(waits: readonly Waiting[]): Waiting | undefined {
  return waits.find(({ type }) => type === 'Retreating') ?? waits[0]
}

function advanceOne(pass: Pass, trial: Trial, made: Part): Progress {
  const waiting = heldUp(made, trial.role) ?? behindWinner(pass, trial)
  if (trial.stage.kind === 'retreating') return wayBack(pass, trial, trial.stage, waiting)
  const finding = holdFinding(pass, trial)
  if (waiting !== undefined) return { pass, waiting: finding ?? waiting }
  const carried = withTraffic(pass, trial)
  if (finding !== undefined) return { pass: carried, waiting: finding }
  switch (trial.stage.kind) {
    case 'steps':
      return stepOn(carried, trial)
    case 'promoting':
      return promoted(carried, trial)
    case 'verifying':
      return verified(carried, trial)
    default:
      return unreachable(trial.stage)
  }
}

/** A loser of an experiment is not home before the winner has all the traffic. */
function behindWinner({ observed, book }: Pass, { stage }: Trial): Waiting | undefined {
  if (observed.app.plan.experiment === undefined || stage.kind !== 'retreating') return undefined
  const ahead: readonly string[] = ['promoting', 'verifying']
  const winner = book.trials.find((one) => ahead.includes(one.stage.kind))
  if (winner === undefined) return undefined
  return waitingFor('Promoting', `${winner.role} takes over the stable role first`)
}

function atRest(pass: Pass, made: Part): Progress {
  const { stable } = pass.book
  const held = heldUp(stable === undefined ? withoutRoute(pass, made) : made)
  // At rest the gateway has followed long ago; a process that began just now only has not seen it.
  const settling = stable !== undefined && held?.type === 'Settling'
  const waiting = holdFinding(pass, undefined) ?? (settling ? undefined : held)
  if (pass.observed.app.deletedAt !== undefined) {
    return { pass, waiting: waitingFor('Retiring', 'nothing is on trial; the release may go') }
  }
  if (stable !== undefined || waiting !== undefined) return { pass, waiting }
  return { ...install(pass), waiting: heldUp(made) }
}

/** What a first revision has to wait for: not for routes that this cluster cannot have. */
function withoutRoute({ observed }: Pass, made: Part): Part {
  if (!isUnserved(observed)) return made
  return { ...made, held: made.held.filter(({ waiting }) => waiting.type !== 'RouteMissing') }
}

function install(pass: Pass): Progress {
  const { target } = pass.facts
  if (target.kind === 'ask') return { pass, waiting: undefined }
  const installed = withBook(pass, { stable: target.revision })
  const message = `revision ${target.revision} serves all traffic; it is the first`
  const told = note(installed, { action: 'Complete', reason: 'Serving', message })
  return { pass: introduce(told), waiting: undefined }
}

function wayBack(
  pass: Pass,
  { role }: Trial,
  stage: Extract<Trial['stage'], { kind: 'retreating' }>,
  waiting: Waiting | undefined,
): Progress {
  if (waiting !== undefined) {
    const message = `${stage.why.message}; ${waiting.message}`
    return { pass, waiting: { ...waiting, type: 'Retreating', message } }
  }
  const message = `all traffic is at revision ${pass.book.stable} again: ${stage.why.message}`
  const told = note(pass, { role, action: 'Return', reason: stage.why.reason, message })
  return { pass: endTrial(told, role), waiting: undefined }
}

/** Metric windows begin when the candidate's first weight is in effect. */
function withTraffic(pass: Pass, trial: Trial): Pass {
  const { app } = pass.observed
  if (trial.trafficSince !== undefined || !isExposed(app, trial, pass.facts)) return pass
  return withTrial(pass, trial.role, { trafficSince: pass.now })
}

function promoted(pass: Pass, trial: Trial): Progress {
  const { role, revision } = trial
  if (!isPromoted(trial, pass.facts)) {
    const message = `revision ${revision} takes over the stable role`
    return { pass, waiting: waitingFor('Promoting', message) }
  }
  const { verify, gates = [] } = pass.observed.app.plan.promotion
  if (verify.length + gates.length === 0) return complete(pass, trial)
  const message = `revision ${revision} has all traffic and must prove itself once more`
  const told = note(pass, { role, action: 'Verify', reason: 'StepCompleted', message })
  const verifying = { stage: { kind: 'verifying' }, stepStartedAt: pass.now } as const
  return { pass: withTrial(told, role, verifying), waiting: waitingFor('StepCompleted', message) }
}

/** After the promotion: what is asked for must pass once more, before the way back is given up. */
function verified(pass: Pass, trial: Trial): Progress {
  const { verify, gates = [] } = pass.observed.app.plan.promotion
  const waiting =
    analysisOutcome(verify, trial.stepStartedAt, trial, pass) ?? gateOutcome({ gates }, pass, trial)
  return waiting === undefined ? complete(pass, trial) : { pass, waiting }
}

function complete(pass: Pass, trial: Trial): Progress {
  const { role, revision } = trial
  const message = `revision ${revision} is stable and serves all traffic`
  const told = note(pass, { role, action: 'Complete', reason: 'Serving', message })
  const ended = endTrial(told, role)
  const failed = ended.book.failed.filter((one) => one.role !== role)
  const { scaleDownDelayMs } = pass.observed.app.plan.promotion
  const previous =
    scaleDownDelayMs === 0 || pass.book.stable === undefined
      ? undefined
      : { revision: pass.book.stable, until: pass.now + scaleDownDelayMs }
  const late = pass.observed.app.plan.promotion.late && !isHomecoming(pass.facts, trial)
  const seat = late ? role : undefined
  const next = withBook(ended, {
    stable: revision,
    seat,
    previous,
    failed,
    ...finished(pass, trial),
  })
  return { pass: besideNewBaseline(next), waiting: undefined }
}

/** A word that was carried out says nothing any more, also when another candidate takes over after it. */
function finished({ book }: Pass, { role, command }: Trial): Partial<Notebook> {
  if (command === undefined) return {}
  const others = (book.finished ?? []).filter((one) => one.role !== role)
  return { finished: [...others, { role, version: command.version }] }
}

/** What was counted of another baseline says nothing about this one: candidates of an experiment begin anew. */
function besideNewBaseline(pass: Pass): Pass {
  if (pass.observed.app.plan.experiment === undefined) return pass
  const trials = pass.book.trials.map((trial) => ({ ...trial, trafficSince: undefined }))
  return withBook(pass, { trials })
}

/** Goes through all steps that are done and want nothing new of the cluster; stops at the first that does. */
function stepOn(pass: Pass, { role, command }: Trial): Progress {
  if (command !== undefined) return atCommand(pass, role)
  const steps = stepsOf(pass.observed.app, role)
  let current = pass
  for (let turns = 0; turns <= steps.length; turns += 1) {
    const trial = trialOf(current.book, role)
    assert(trial !== undefined, 'a step is taken only while a revision is on trial')
    const step = steps[trial.step]
    if (step === undefined) return allDone(current, trial)
    const waiting = outcomeOf(step, current, trial)
    const last = waiting ?? beforeStableIsAlone(current, trial)
    if (last !== undefined) return { pass: current, waiting: last }
    const message = `step ${trial.step + 1} of ${steps.length} is done: ${describeStep(step)}`
    const told = note(current, { role, action: 'StepAdvance', reason: 'StepCompleted', message })
    current = withTrial(told, role, { step: trial.step + 1, stepStartedAt: pass.now })
    if (movesOn(pass.observed.app, role, trial.step)) {
      return { pass: current, waiting: waitingFor('StepCompleted', message) }
    }
  }
  return { pass: current, waiting: undefined }
}

/** What is compared with stable has to have passed before stable gives up the last of its traffic. */
function beforeStableIsAlone(pass: Pass, trial: Trial): Waiting | undefined {
  const { app } = pass.observed
  const steps = stepsOf(app, trial.role)
  const [here, next] = [trial.step, trial.step + 1].map((index) => positionAt(steps, index).weight)
  if (next !== 100 || here === 100) return undefined
  const needed = new Set(metricsBefore(app))
  const compared = (app.analysis?.metrics ?? []).filter(
    ({ name, compare }) => compare !== undefined && needed.has(name),
  )
  const names = compared.map(({ name }) => name)
  return analysisOutcome(names, trial.startedAt, trial, pass)
}

/** Whether the step after this one asks for other weights, rules or pods. */
function movesOn(app: App, role: RoleName, index: number): boolean {
  const steps = stepsOf(app, role)
  if (index + 1 >= steps.length) return false
  const here = positionAt(steps, index)
  const next = positionAt(steps, index + 1)
  return JSON.stringify(here) !== JSON.stringify(next)
}

/** A commanded candidate stays where it was told to until the next word comes. */
function atCommand(pass: Pass, role: RoleName): Progress {
  const trial = trialOf(pass.book, role)
  assert(trial?.command !== undefined, 'only a commanded candidate stands at a command')
  if (trial.command.promote) return allDone(pass, trial)
  const { weight } = positionOf(pass.observed.app, trial)
  const message = `${role} has weight ${weight} by command ${trial.command.version}`
  return { pass, waiting: waitingFor('WaitingForCommand', message) }
}

/** Nothing is promoted before each metric has passed, and one candidate at a time. */
function allDone(pass: Pass, trial: Trial): Progress {
  const metrics = metricsBefore(pass.observed.app)
  const waiting = analysisOutcome(metrics, trial.startedAt, trial, pass)
  if (waiting !== undefined) return { pass, waiting }
  const other = pass.book.trials.find(({ stage }) => stage.kind === 'promoting')
  if (other !== undefined) {
    const message = `revision ${other.revision} is being promoted; ${trial.role} is next`
    return { pass, waiting: waitingFor('Promoting', message) }
  }
  const message = `all steps are done; revision ${trial.revision} takes over the stable role`
  const promoting = { stage: { kind: 'promoting' }, stepStartedAt: pass.now } as const
  return {
    pass: withTrial(pass, trial.role, promoting),
    waiting: waitingFor('Promoting', message),
  }
}

/** What must have passed before a promotion: all metrics where each step can be measured, else those that a step names. */
function metricsBefore({ plan, analysis }: App): readonly string[] {
  if (plan.strategy === 'canary' || plan.strategy === 'commanded')
    return analysis?.metrics.map(({ name }) => name) ?? []
  return plan.candidates.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.kind === 'analysis' ? step.metrics : [])),
  )
}

/** Turns a trial back that has not moved for too long. */
export function expire(pass: Pass, role: RoleName, message: string): Pass {
  const reason = 'ProgressDeadlineExceeded'
  const told = note(pass, { role, action: 'Retreat', reason, message })
  return retreat(told, role, { reason, message }, 'failed')
}
