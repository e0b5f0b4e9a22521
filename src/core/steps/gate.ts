/** The gate step: the pods themselves, a program or a person say when it is passed, and whether at all. */
import type { GateAsk } from '../decision.ts'
import { entry } from '../entry.ts'
import { approvalOf } from '../gates/approval.ts'
import { type GateOutcome, type GateSubject, type GateView, scopeOf } from '../gates/gate.ts'
import { gateAsks, gatesOutcome, takeReplies } from '../gates/register.ts'
import { type App, type Step, stepsOf } from '../model/app.ts'
import type { GateSpec, GateState } from '../model/gate.ts'
import type { Notebook, Trial } from '../model/notebook.ts'
import { weightOf } from '../model/weights.ts'
import { waitingFor } from '../move/waiting.ts'
import type { Pass } from '../pass.ts'
import type { Outcome } from './step.ts'

export function gateOutcome(
  { gates }: Pick<Extract<Step, { kind: 'gate' }>, 'gates'>,
  pass: Pass,
  trial: Trial,
): Outcome {
  const { verdict, message, until } = gatesOutcome(gates, viewOf(pass, trial, gates))
  return verdict === 'passing' ? undefined : waitingFor('WaitingForGate', message, undefined, until)
}

/** What the gates of a candidate's present step come to; undefined where it stands at none, or somebody holds it. */
export function gateVerdict(pass: Pass, trial: Trial): GateOutcome | undefined {
  const gates = gatesAt(pass, trial)
  return gates === undefined ? undefined : gatesOutcome(gates, viewOf(pass, trial, gates))
}

/** What the gates of all candidates want to know now. */
export function gateQuestions(pass: Pass): readonly GateAsk[] {
  return pass.book.trials.flatMap((trial) => {
    const gates = gatesAt(pass, trial)
    return gates === undefined ? [] : gateAsks(gates, viewOf(pass, trial, gates))
  })
}

/** What the gates of present steps have been answered. */
export function gateMemory(pass: Pass): readonly GateState[] {
  return pass.book.trials.flatMap((trial) => {
    const gates = gatesAt(pass, trial)
    if (gates === undefined) return []
    const { scope, replies } = viewOf(pass, trial, gates)
    return [{ scope, replies }]
  })
}

// While somebody holds the release nobody is asked, and no gate's time runs out.
function gatesAt({ observed, book }: Pass, trial: Trial): readonly GateSpec[] | undefined {
  const isHeld = trial.stage.kind === 'steps' && book.paused !== undefined
  return isHeld ? undefined : presentGates(observed.app, trial)
}

/** The gates of the step at which a trial stands, or of its promotion while it proves itself. */
function presentGates(
  app: App,
  { stage, role, step: index }: Trial,
): readonly GateSpec[] | undefined {
  if (stage.kind === 'verifying') return app.plan.promotion.gates
  if (stage.kind !== 'steps') return undefined
  const step = stepsOf(app, role)[index]
  return step?.kind === 'gate' ? step.gates : undefined
}

/** Whether a trial stands at a gate that asks a person, and nobody has approved it; others ask programs. */
export function awaitsApproval(
  app: App,
  trial: Trial,
  { decisions }: Pick<Notebook, 'decisions'>,
): boolean {
  const asks = (presentGates(app, trial) ?? []).some(({ kind }) => kind === 'approval')
  const since = trial.stepStartedAt
  return asks && approvalOf(decisions, { ...trial, since }) === undefined
}

function viewOf(pass: Pass, trial: Trial, gates: readonly GateSpec[]): GateView {
  const { observed, facts, book, now } = pass
  const subject = subjectOf(pass, trial)
  const since = trial.stepStartedAt
  const scope = scopeOf(subject, since)
  const workload = facts.workload(trial.revision, trial.role)
  const pods = entry(observed.pods, workload?.name) ?? []
  const known = observed.memo.gates.find((state) => state.scope === scope)
  const { replies } = takeReplies(gates, { scope, pods }, known, observed.replies)
  const replicas = workload?.replicas ?? 0
  return { scope, since, now, subject, pods, replicas, replies, decisions: book.decisions }
}

function subjectOf({ observed, facts, book }: Pass, trial: Trial): GateSubject {
  const { namespace, name: release, uid, plan } = observed.app
  const { role, revision, step } = trial
  const weight = weightOf(facts.weights ?? {}, role)
  const { strategy } = plan
  return { namespace, release, uid, strategy, role, revision, step, weight, phase: book.phase }
}
