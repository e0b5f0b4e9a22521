/** `status.decisions`: what the engine decided, by the actions and reasons that KULTA's people know. */
import { Notes } from '#core/api/notes.ts'
import type { App } from '#core/model/app.ts'
import type { DecisionRecord, Notebook } from '#core/model/notebook.ts'
import { formatInstant } from '#core/time.ts'
import { type Counted, countedSteps, finalIndex } from './canary.ts'
import { type Rollout, strategyOf } from './rollout.ts'
import type { RolloutAction, RolloutReason } from './words.ts'

export type DecisionShown = {
  readonly timestamp: string
  readonly action: RolloutAction
  readonly fromStep?: number
  readonly toStep?: number
  readonly reason: RolloutReason
  readonly message: string
  readonly metrics?: Readonly<Record<string, MetricShown>>
}

type MetricShown = {
  readonly value?: number
  readonly threshold: number
  readonly passed: boolean
}

export type Deciding = {
  readonly rollout: Rollout
  readonly app: App
  readonly book: Notebook
  /** As they are stored: what was measured at an earlier decision is only there. */
  readonly before: readonly DecisionShown[]
}

export function decisionsOf({ rollout, app, book, before }: Deciding): readonly DecisionShown[] {
  const count = counting(rollout)
  const shown = book.decisions.flatMap((record): DecisionShown[] => {
    const told = isHomeOrFirst(record, app) ? undefined : toldOf(record, count)
    if (told === undefined) return []
    const timestamp = formatInstant(record.at)
    const stored = before.find(
      (one) =>
        one.timestamp === timestamp &&
        one.action === told.action &&
        one.fromStep === told.fromStep &&
        one.message === record.message,
    )
    const metrics = stored === undefined ? metricsOf(app, book) : stored.metrics
    return [
      {
        timestamp,
        ...told,
        message: record.message,
        ...(metrics === undefined ? {} : { metrics }),
      },
    ]
  })
  return shown
}

/**
 * What serves first where it goes through the steps too has not begun yet, and what is stable already and comes home has
 * nothing to complete.
 */
function isHomeOrFirst({ action, step }: DecisionRecord, { plan }: App): boolean {
  if (action !== 'Complete') return false
  if (step === undefined) return plan.firstInstall === 'steps'
  return step < (plan.candidates[0]?.steps.length ?? 0)
}

/** Index of KULTA's step for one of the engine's; what is no canary has none. */
type Counting = {
  readonly counted: readonly Counted[]
  readonly indexOf: (step: number | undefined) => number | undefined
}

function counting({ spec }: Rollout): Counting {
  const { canary } = spec.strategy
  if (strategyOf(spec) !== 'canary' || canary === undefined)
    return { counted: [], indexOf: () => undefined }
  const counted = countedSteps(canary, new Notes())
  return {
    counted,
    indexOf: (step) => (step === undefined ? undefined : (counted[step]?.of ?? finalIndex(canary))),
  }
}

type Told = Pick<DecisionShown, 'action' | 'fromStep' | 'toStep' | 'reason'>

/** Undefined for what KULTA has no word for: it stands under `headgate`, and in Events. */
function toldOf(record: DecisionRecord, count: Counting): Told | undefined {
  const { action, step, reason } = record
  const from = count.indexOf(step)
  const to = count.indexOf(step === undefined ? undefined : step + 1)
  const moved = {
    ...(from === undefined ? {} : { fromStep: from }),
    ...(to === undefined ? {} : { toStep: to }),
  }
  const here = from === undefined ? {} : { fromStep: from, toStep: from }
  switch (action) {
    case 'Start':
    case 'Retry':
      return { action: 'Initialize', ...here, reason: 'Initialization' }
    case 'StepAdvance':
      return stepTold(record, count, moved)
    case 'Promote':
    case 'PromoteFull':
    case 'Approve':
      return { action: 'Promotion', ...moved, reason: 'ManualPromotion' }
    case 'Pause':
      return { action: 'Pause', ...here, reason: 'ManualPromotion' }
    case 'Resume':
      return { action: 'Resume', ...here, reason: 'ManualPromotion' }
    case 'Conclude':
      return { action: 'StepAdvance', reason: concludedBecause(reason) }
    case 'Retreat':
    case 'Abort':
      return { action: 'Rollback', ...here, reason: rolledBackBecause(reason) }
    case 'Complete':
      return { action: 'Complete', ...here, reason: 'AnalysisPassed' }
    default:
      return undefined
  }
}

/** A weight that is reached and followed by its pause enters that pause; what ends a pause goes on to the next step. */
function stepTold({ step }: DecisionRecord, { counted }: Counting, moved: object): Told {
  const done = step === undefined ? undefined : counted[step]
  const next = step === undefined ? undefined : counted[step + 1]
  if (done?.step.kind === 'weight' && next?.step.kind === 'pause' && next.of === done.of)
    return { action: 'Pause', fromStep: done.of, toStep: done.of, reason: 'AnalysisPassed' }
  const reason = done?.step.kind === 'pause' ? 'PauseDurationExpired' : 'AnalysisPassed'
  return { action: 'StepAdvance', ...moved, reason }
}

function concludedBecause(reason: DecisionRecord['reason']): RolloutReason {
  if (reason === 'MaxDurationReached') return 'Timeout'
  return reason === 'DifferenceFound' ? 'AnalysisPassed' : 'ManualPromotion'
}

function rolledBackBecause(reason: DecisionRecord['reason']): RolloutReason {
  if (reason === 'ProgressDeadlineExceeded') return 'Timeout'
  const measured = reason === 'AnalysisFailed' || reason === 'MetricsMissing'
  return measured ? 'AnalysisFailed' : 'ManualRollback'
}

/** What was measured when the decision was made. */
function metricsOf({ analysis }: App, { analyses }: Notebook): DecisionShown['metrics'] {
  const states = analyses.flatMap(({ metrics }) => metrics)
  const shown = (analysis?.metrics ?? []).flatMap(({ name, max = 0 }) => {
    const last = states.find((one) => one.name === name)?.samples.at(-1)
    if (last === undefined) return []
    const { value, verdict } = last
    const found = { threshold: max, passed: verdict === 'passing' }
    return [[name, value === undefined ? found : { value, ...found }] as const]
  })
  return shown.length === 0 ? undefined : Object.fromEntries(shown)
}

/** Who or what the newest decision came from. */
export function sourceOf({ decisions }: Notebook): string | undefined {
  const last = decisions.findLast(({ action }) => action !== 'Refuse' && action !== 'Return')
  if (last === undefined) return undefined
  if (last.by !== undefined) return 'Manual'
  if (last.reason === 'AnalysisFailed' || last.reason === 'DifferenceFound') return 'Metrics'
  return last.reason === 'ProgressDeadlineExceeded' ? 'Timeout' : 'Controller'
}
