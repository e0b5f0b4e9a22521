/** The engine's notebook as a Rollout's status: KULTA's own words in front, what the engine remembers under `headgate`. */
import { Notes } from '#core/api/notes.ts'
import type { ReleaseStatus } from '#core/api/release.ts'
import { statusOf } from '#core/api/status.ts'
import type { Condition } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { Notebook, Trial } from '#core/model/notebook.ts'
import { stable } from '#core/model/weights.ts'
import { formatInstant, type Instant } from '#core/time.ts'
import { noProvider } from './analysis.ts'
import { countedSteps, finalIndex } from './canary.ts'
import { type DecisionShown, decisionsOf, sourceOf } from './decisions.ts'
import { type ExperimentShown, experimentOf } from './experiment.ts'
import { type Rollout, strategyOf } from './rollout.ts'
import type { RolloutPhase } from './words.ts'

export type RolloutStatus = {
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly updatedReplicas?: number
  readonly currentStepIndex?: number
  readonly currentWeight?: number
  readonly phase?: RolloutPhase
  readonly message?: string
  readonly pauseStartTime?: string
  readonly stepStartTime?: string
  readonly progressStartedAt?: string
  readonly decisions?: readonly DecisionShown[]
  readonly abExperiment?: ExperimentShown
  readonly lastDecisionSource?: string
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  readonly headgate?: ReleaseStatus
  /** ReplicaSets of the original run still. */
  readonly former?: boolean
}

/** What the engine remembers in a status; undefined where it never wrote any, as in one that the original left. */
export function bookOf(status: unknown): ReleaseStatus | undefined {
  const { headgate, conditions } = (status ?? {}) as RolloutStatus
  if (headgate === undefined) return undefined
  return { ...headgate, ...(conditions === undefined ? {} : { conditions }) }
}

/** `app` is undefined where the Rollout could not be understood: then only the message is news. */
export function rolloutStatus(
  rollout: Rollout,
  book: Notebook,
  app: App | undefined,
): RolloutStatus {
  const { conditions = [], ...headgate } = statusOf(book, app)
  const before = (rollout.status ?? {}) as RolloutStatus
  const common = {
    phase: phaseOf(book),
    message: messageOf(book, app),
    observedGeneration: book.observedGeneration,
    conditions,
    headgate,
  }
  if (app === undefined) return { ...before, ...common }
  const steps = stepsShown(rollout, book)
  const decisions = decisionsOf({ rollout, app, book, before: before.decisions ?? [] })
  const source = sourceOf(book)
  const experiment = experimentOf(app, book, before.abExperiment)
  return {
    ...podsOf(app, book),
    ...steps,
    ...timesOf(book, common.phase),
    decisions,
    ...(experiment === undefined ? {} : { abExperiment: experiment }),
    ...(source === undefined ? {} : { lastDecisionSource: source }),
    ...common,
    ...(isFormer(app) ? { former: true } : {}),
  }
}

function isFormer({ workloads: { layout } }: App): boolean {
  return layout.by === 'role' && layout.promotion === 'replace'
}

/** Held by its metrics' policy it is paused to its people, also where it shows a preview. */
function phaseOf({ phase, reason, trials }: Notebook): RolloutPhase {
  if (reason.type === 'WaitingForMetrics' && trials.length > 0) return 'Paused'
  return phase === 'Retiring' || phase === 'Retired' ? 'Progressing' : phase
}

function messageOf({ reason, phase, failed }: Notebook, app: App | undefined): string {
  const asksNobody = app?.analysis?.provider.address === noProvider
  if (asksNobody && (reason.type === 'WaitingForMetrics' || reason.type === 'MetricsMissing'))
    return 'no Prometheus address: write analysis.prometheus.address in the Rollout, or set KULTA_PROMETHEUS_ADDRESS for the controller'
  const why = failed.at(-1)
  if (phase !== 'Failed' || why === undefined) return reason.message
  if (why.reason === 'AnalysisFailed') return `metrics exceeded their thresholds: ${why.message}`
  if (why.reason === 'ProgressDeadlineExceeded') return `progress deadline exceeded: ${why.message}`
  return reason.message
}

/**
 * At rest only the role that serves counts: pods of the other are on their way out. So are those of stable, at a step of
 * a split, that the canary has taken over.
 */
function podsOf(app: App, book: Notebook): RolloutStatus {
  const serving = book.seat ?? stable
  const rests = book.trials.length === 0 && book.stable !== undefined
  const roles = book.roles.filter(({ role }) => !rests || role === serving)
  const target = book.trials[0]?.revision ?? book.stable
  const sum = (own: readonly Notebook['roles'][number][], of: 'replicas' | 'ready'): number =>
    own.reduce((total, role) => total + role[of], 0)
  if (roles.length === 0) return { replicas: app.replicas }
  const stepping = !rests && book.trials.every(({ stage }) => stage.kind === 'steps')
  const most = stepping && app.plan.split === true ? app.replicas : Infinity
  return {
    replicas: Math.min(most, sum(roles, 'replicas')),
    readyReplicas: Math.min(most, sum(roles, 'ready')),
    updatedReplicas: sum(
      roles.filter(({ revision }) => revision === target),
      'replicas',
    ),
  }
}

/** A canary alone shows steps and weight. */
function stepsShown(
  { spec }: Rollout,
  book: Notebook,
): Pick<RolloutStatus, 'currentStepIndex' | 'currentWeight'> {
  const { canary } = spec.strategy
  if (strategyOf(spec) !== 'canary' || canary === undefined) return {}
  const counted = countedSteps(canary, new Notes())
  const [trial] = book.trials
  if (trial !== undefined) {
    const index = counted[trial.step]?.of ?? finalIndex(canary)
    return { currentStepIndex: index, currentWeight: weightAt(trial, book, counted) }
  }
  if (book.phase === 'Completed')
    return { currentStepIndex: finalIndex(canary), currentWeight: 100 }
  const last = book.decisions.findLast(({ action }) => action === 'Retreat' || action === 'Abort')
  return { currentStepIndex: counted[last?.step ?? 0]?.of ?? 0, currentWeight: 0 }
}

/** The share that the present step asks for; on the way back, what it has still. */
function weightAt(
  { stage, step, role }: Trial,
  { roles }: Notebook,
  counted: ReturnType<typeof countedSteps>,
): number {
  if (stage.kind === 'retreating') return roles.find((one) => one.role === role)?.wanted ?? 0
  if (stage.kind !== 'steps') return 100
  const weights = counted
    .slice(0, step + 1)
    .flatMap((one) => (one.step.kind === 'weight' ? [one.step.weight] : []))
  return weights.at(-1) ?? 0
}

function timesOf(book: Notebook, phase: RolloutPhase): RolloutStatus {
  const [trial] = book.trials
  const start = trial?.startedAt ?? book.decisions.findLast(isStart)?.at
  const pause = phase === 'Paused' ? (book.paused?.at ?? trial?.stepStartedAt) : undefined
  return {
    ...time('pauseStartTime', pause),
    ...time('stepStartTime', trial?.stepStartedAt),
    ...time('progressStartedAt', start),
  }
}

function isStart({ action }: Notebook['decisions'][number]): boolean {
  return action === 'Start'
}

function time<Field extends string>(
  field: Field,
  at: Instant | undefined,
): { readonly [F in Field]?: string } {
  return at === undefined ? {} : ({ [field]: formatInstant(at) } as { [F in Field]: string })
}
