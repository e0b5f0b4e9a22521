/** The engine's notebook as a Release's status, and back. `notebookOf(statusOf(book))` says the same as the book. */
import type { Step } from '../model/app.ts'
import type {
  AnalysisState,
  DecisionRecord,
  Failure,
  MetricState,
  Notebook,
  Reason,
  RoleState,
  Sample,
  Trial,
} from '../model/notebook.ts'
import { stable } from '../model/weights.ts'
import type { ReasonType } from '../reasons.ts'
import { formatInstant, type Instant, parseInstant } from '../time.ts'
import type {
  DecisionStatus,
  FailureStatus,
  MeasurementStatus,
  ReleaseStatus,
  RoleStatus,
  TrialStatus,
} from './release.ts'

/** Leaves out members that are undefined, as JSON does. */
type Optional<T> = { [K in keyof T]: T[K] | undefined }
function given<T extends object>(value: Optional<T>): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T
}

export function statusOf(book: Notebook, steps: readonly Step[]): ReleaseStatus {
  const { trial, reason } = book
  const roles = book.roles.map((role) => [role.role, roleStatus(role)] as const)
  const own = roles.find(([role]) => role === stable)?.[1]
  return given<ReleaseStatus>({
    observedGeneration: book.observedGeneration,
    phase: book.phase,
    reason: reasonStatus(reason),
    step: stepStatus(trial, steps),
    stable: book.stable === undefined ? undefined : { ...(own ?? noRole), revision: book.stable },
    candidates: roles.flatMap(([name, status]) => (name === stable ? [] : [{ name, ...status }])),
    trial: trial === undefined ? undefined : trialStatus(trial),
    failed: book.failed === undefined ? undefined : failureStatus(book.failed),
    paused:
      book.paused === undefined
        ? undefined
        : { at: formatInstant(book.paused.at), by: book.paused.by },
    measurements: book.analysis?.metrics.map((metric) =>
      measurement(book.analysis?.revision ?? '', metric),
    ),
    decisions: book.decisions.map(decisionStatus),
    conditions: book.conditions,
    weights: book.roles.map(({ confirmed }) => confirmed).join('/'),
  })
}

const noRole: RoleStatus = {
  revision: '',
  replicas: 0,
  ready: 0,
  weight: { wanted: 0, confirmed: 0 },
}

function reasonStatus({
  type,
  message,
  object,
  since,
  next,
}: Reason): NonNullable<ReleaseStatus['reason']> {
  return given<NonNullable<ReleaseStatus['reason']>>({
    type,
    message,
    object,
    since: formatInstant(since),
    next: next === undefined ? undefined : formatInstant(next),
  })
}

function stepStatus(trial: Trial | undefined, steps: readonly Step[]): ReleaseStatus['step'] {
  if (trial === undefined) return undefined
  return { index: trial.step, of: steps.length, startedAt: formatInstant(trial.stepStartedAt) }
}

function roleStatus({ revision, replicas, ready, wanted, confirmed }: RoleState): RoleStatus {
  return { revision, replicas, ready, weight: { wanted, confirmed } }
}

function trialStatus({ revision, startedAt, stage, trafficSince }: Trial): TrialStatus {
  const back = stage.kind === 'retreating' ? stage : undefined
  return given<TrialStatus>({
    revision,
    startedAt: formatInstant(startedAt),
    stage: stage.kind,
    outcome: back?.outcome,
    why: back === undefined ? undefined : failureStatus(back.why),
    trafficSince: trafficSince === undefined ? undefined : formatInstant(trafficSince),
  })
}

function failureStatus({ at, ...rest }: Failure): FailureStatus {
  return { ...rest, at: formatInstant(at) }
}

function measurement(
  revision: string,
  { name, samples, ...counts }: MetricState,
): MeasurementStatus {
  return {
    metric: name,
    revision,
    ...counts,
    samples: samples.map(({ at, verdict, value, message }) =>
      given({ at: formatInstant(at), verdict, value, message }),
    ),
  }
}

function decisionStatus({ at, ...rest }: DecisionRecord): DecisionStatus {
  return given<DecisionStatus>({ at: formatInstant(at), ...rest })
}

/** Undefined where nothing was ever written down. What is not understood is left out rather than guessed. */
export function notebookOf(status: ReleaseStatus | undefined): Notebook | undefined {
  if (status?.phase === undefined) return undefined
  return {
    observedGeneration: status.observedGeneration ?? 0,
    phase: status.phase,
    reason: reasonOf(status),
    stable: status.stable?.revision === '' ? undefined : status.stable?.revision,
    trial: trialOf(status),
    failed: status.failed === undefined ? undefined : failureOf(status.failed),
    paused:
      status.paused === undefined
        ? undefined
        : { at: instant(status.paused.at), by: status.paused.by },
    analysis: analysisOf(status.measurements),
    roles: rolesOf(status),
    decisions: (status.decisions ?? []).map(decisionOf),
    conditions: status.conditions ?? [],
  }
}

function instant(text: string | undefined): Instant {
  return parseInstant(text) ?? 0
}

function reasonOf({ reason }: ReleaseStatus): Reason {
  return {
    type: (reason?.type ?? 'Serving') as ReasonType,
    message: reason?.message ?? '',
    object: reason?.object,
    since: instant(reason?.since),
    next: parseInstant(reason?.next),
  }
}

function trialOf({ trial, step, decisions }: ReleaseStatus): Trial | undefined {
  if (trial === undefined) return undefined
  return {
    revision: trial.revision,
    startedAt: instant(trial.startedAt),
    stage: stageOf(trial),
    step: step?.index ?? 0,
    // A step whose beginning is lost began with the last decision, not in the beginning of time.
    stepStartedAt: instant(step?.startedAt ?? decisions?.at(-1)?.at ?? trial.startedAt),
    trafficSince: parseInstant(trial.trafficSince),
  }
}

function stageOf({ stage, why, outcome }: TrialStatus): Trial['stage'] {
  if (stage !== 'retreating' || why === undefined)
    return { kind: stage === 'promoting' ? stage : 'steps' }
  return { kind: 'retreating', why: failureOf(why), outcome: outcome ?? 'failed' }
}

function failureOf({ revision, reason, message, at }: FailureStatus): Failure {
  return { revision, reason: reason as ReasonType, message, at: instant(at) }
}

function rolesOf({ stable: own, candidates = [] }: ReleaseStatus): readonly RoleState[] {
  const all = [...(own === undefined ? [] : [{ name: stable, ...own }]), ...candidates]
  return all.map(({ name, revision, replicas, ready, weight }) => ({
    role: name,
    revision,
    replicas,
    ready,
    wanted: weight.wanted,
    confirmed: weight.confirmed,
  }))
}

function analysisOf(measurements: ReleaseStatus['measurements']): AnalysisState | undefined {
  const first = measurements?.[0]
  if (measurements === undefined || first === undefined) return undefined
  const metrics = measurements.map(({ metric, revision: _revision, samples = [], ...counts }) => ({
    name: metric,
    ...counts,
    samples: samples.map(
      ({ at, verdict, value, message }): Sample => ({ at: instant(at), verdict, value, message }),
    ),
  }))
  return { revision: first.revision, metrics }
}

// In the order in which a pass writes it down: what is worth a write is told by comparing texts.
function decisionOf(status: DecisionStatus): DecisionRecord {
  const { at, action, reason, message, revision, step, by, actionId } = status
  return {
    at: instant(at),
    action,
    reason: reason as ReasonType,
    message,
    revision,
    step,
    by,
    actionId,
  }
}
