/** The engine's notebook as a Release's status, and back. `notebookOf(statusOf(book))` says the same as the book. */
import { type App, type Command, stepsOf } from '../model/app.ts'
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
  CandidateStatus,
  CommandStatus,
  DecisionStatus,
  FailureStatus,
  MeasurementStatus,
  ReleaseStatus,
  RoleStatus,
  TrialStatus,
} from './release.ts'
import { conclusionOf, conclusionStatus, lookOf, lookStatus } from './status-experiment.ts'
import { outboxOf, outboxStatus } from './status-outbox.ts'

/** Leaves out members that are undefined, as JSON does. */
type Optional<T> = { [K in keyof T]: T[K] | undefined }
function given<T extends object>(value: Optional<T>): T {
  const kept: Partial<T> = {}
  for (const name of Object.keys(value) as (keyof T)[]) {
    const member = value[name]
    if (member !== undefined) kept[name] = member
  }
  return kept as T
}

/** `app` is undefined where the object could not be understood: then nobody knows how many steps there are. */
export function statusOf(book: Notebook, app: App | undefined): ReleaseStatus {
  const { trials, reason } = book
  const roles = book.roles.map((role) => [role.role, roleStatus(role)] as const)
  const own = roles.find(([role]) => role === stable)?.[1]
  return given<ReleaseStatus>({
    observedGeneration: book.observedGeneration,
    phase: book.phase,
    reason: reasonStatus(reason),
    step: stepStatus(trials[0], app),
    stable: book.stable === undefined ? undefined : { ...(own ?? noRole), revision: book.stable },
    candidates: roles.flatMap(([name, status]) => (name === stable ? [] : [{ name, ...status }])),
    seat: book.seat,
    previous: book.previous && {
      revision: book.previous.revision,
      until: formatInstant(book.previous.until),
    },
    trials: some(trials.map(trialStatus)),
    failed: some(book.failed.map(failureStatus)),
    paused:
      book.paused === undefined
        ? undefined
        : { at: formatInstant(book.paused.at), by: book.paused.by },
    measurements: some(
      book.analyses.flatMap((analysis) =>
        analysis.metrics.map((metric) => measurement(analysis, metric)),
      ),
    ),
    looks: some(book.looks.map(lookStatus)),
    concluded: book.concluded === undefined ? undefined : conclusionStatus(book.concluded),
    taken: book.taken,
    finished: book.finished,
    imagined: book.imagined,
    decisions: book.decisions.map(decisionStatus),
    conditions: book.conditions,
    outbox: outboxStatus(book.outbox),
    replicas: own?.replicas,
    selector: app === undefined ? undefined : selectorText(app),
    weights: book.roles.map(({ confirmed }) => confirmed).join('/'),
  })
}

function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list
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

function stepStatus(trial: Trial | undefined, app: App | undefined): ReleaseStatus['step'] {
  if (trial === undefined) return undefined
  const of = app === undefined ? 0 : stepsOf(app, trial.role).length
  const { stage, step: index } = trial
  const text = stage.kind === 'steps' ? `${Math.min(index + 1, of)}/${of}` : stage.kind
  return { index, of, text, startedAt: formatInstant(trial.stepStartedAt) }
}

function roleStatus({ revision, replicas, ready, wanted, confirmed, ...place }: RoleState) {
  const { image, service, seat } = place
  const weight = { wanted, confirmed }
  const status = { revision, replicas, ready, weight, image, service, seat }
  return given<RoleStatus & Pick<CandidateStatus, 'service' | 'seat'>>(status)
}

function trialStatus({ role, revision, startedAt, stage, ...trial }: Trial): TrialStatus {
  const back = stage.kind === 'retreating' ? stage : undefined
  const { trafficSince, command } = trial
  return given<TrialStatus>({
    candidate: role,
    revision,
    service: trial.service,
    step: trial.step,
    stepStartedAt: formatInstant(trial.stepStartedAt),
    startedAt: formatInstant(startedAt),
    stage: stage.kind,
    outcome: back?.outcome,
    why: back === undefined ? undefined : failureStatus(back.why),
    trafficSince: trafficSince === undefined ? undefined : formatInstant(trafficSince),
    command: command === undefined ? undefined : given<CommandStatus>(command),
  })
}

function failureStatus({ role, at, ...rest }: Failure): FailureStatus {
  return given<FailureStatus>({ candidate: role, ...rest, at: formatInstant(at) })
}

function measurement(
  { role, revision }: AnalysisState,
  { name, samples, ...counts }: MetricState,
): MeasurementStatus {
  return {
    metric: name,
    candidate: role,
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
    seat: status.seat,
    previous: status.previous && {
      revision: status.previous.revision,
      until: instant(status.previous.until),
    },
    trials: (status.trials ?? []).map(trialOf),
    failed: (status.failed ?? []).map(failureOf),
    paused:
      status.paused === undefined
        ? undefined
        : { at: instant(status.paused.at), by: status.paused.by },
    analyses: analysesOf(status.measurements ?? []),
    looks: (status.looks ?? []).map(lookOf),
    concluded: status.concluded === undefined ? undefined : conclusionOf(status.concluded),
    roles: rolesOf(status),
    decisions: (status.decisions ?? []).map(decisionOf),
    conditions: status.conditions ?? [],
    ...(status.taken === undefined ? {} : { taken: status.taken }),
    ...(status.finished === undefined ? {} : { finished: status.finished }),
    ...(status.imagined === undefined ? {} : { imagined: status.imagined }),
    outbox: outboxOf(status.outbox),
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

function trialOf(trial: TrialStatus): Trial {
  return {
    role: trial.candidate,
    revision: trial.revision,
    startedAt: instant(trial.startedAt),
    stage: stageOf(trial),
    step: trial.step,
    stepStartedAt: instant(trial.stepStartedAt),
    trafficSince: parseInstant(trial.trafficSince),
    service: trial.service,
    command: trial.command === undefined ? undefined : commandOf(trial.command),
  }
}

function commandOf({ version, weight, replicas, promote }: CommandStatus): Command {
  return { version, weight, replicas, promote }
}

function stageOf({ stage, why, outcome }: TrialStatus): Trial['stage'] {
  if (stage === 'promoting' || stage === 'verifying') return { kind: stage }
  if (stage !== 'retreating' || why === undefined) return { kind: 'steps' }
  return { kind: 'retreating', why: failureOf(why), outcome: outcome ?? 'failed' }
}

function failureOf(given: FailureStatus): Failure {
  const { candidate: role, revision, reason, message, at, command } = given
  const failure = { role, revision, reason: reason as ReasonType, message, at: instant(at) }
  return command === undefined ? failure : { ...failure, command }
}

function rolesOf({ stable: own, candidates = [] }: ReleaseStatus): readonly RoleState[] {
  const all: readonly CandidateStatus[] = [
    ...(own === undefined ? [] : [{ name: stable, ...own }]),
    ...candidates,
  ]
  return all.map(({ name, revision, replicas, ready, weight, image, service, seat }) => ({
    role: name,
    revision,
    replicas,
    ready,
    wanted: weight.wanted,
    confirmed: weight.confirmed,
    ...(image === undefined ? {} : { image }),
    ...(service === undefined ? {} : { service }),
    ...(seat === undefined ? {} : { seat }),
  }))
}

function analysesOf(measurements: readonly MeasurementStatus[]): readonly AnalysisState[] {
  const roles = [...new Set(measurements.map(({ candidate }) => candidate))]
  return roles.map((role) => {
    const own = measurements.filter(({ candidate }) => candidate === role)
    return { role, revision: own[0]?.revision ?? '', metrics: own.map(metricOf) }
  })
}

function metricOf(status: MeasurementStatus): MetricState {
  const { metric: name, verdict, good, bad, missing, errors, samples = [] } = status
  return {
    name,
    verdict,
    good,
    bad,
    missing,
    errors,
    samples: samples.map(
      ({ at, verdict: seen, value, message }): Sample => ({
        at: instant(at),
        verdict: seen,
        value,
        message,
      }),
    ),
  }
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

/** For the scale subresource: an autoscaler finds the pods by it. */
function selectorText({ selector }: App): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}
