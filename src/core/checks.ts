/**
 * The ordered list of facts that stop, hold or turn a release, most urgent first. The first finding is the reason that
 * people see.
 */

import { metricState } from './analysis/judge.ts'
import { entry } from './entry.ts'
import type { Metric } from './model/analysis.ts'
import { workloadKinds } from './model/app.ts'
import { analysisOf, type MetricState, type Trial } from './model/notebook.ts'
import { type Waiting, waitingFor } from './move/waiting.ts'
import type { Pass } from './pass.ts'

/**
 * `stop`: touch nothing. `hold`: keep and repair what is, but do not go on. `freeze`: the same, and candidates gain no
 * traffic, not even what their steps already declare. `retreat`: the candidate's traffic returns to stable.
 */
export type Finding = Waiting & { readonly move: 'stop' | 'hold' | 'freeze' | 'retreat' }

/** Looks at one thing; stays silent, or says why the release must not simply go on. */
type Check = (pass: Pass) => Finding | undefined

/** The same for one candidate on trial. */
type TrialCheck = (pass: Pass, trial: Trial) => Finding | undefined

const stops: readonly Check[] = [rivalCameFirst, serviceTaken]
const turns: readonly TrialCheck[] = [analysisFailing, metricsMissingTooOften]
const holds: readonly Check[] = [templateUnknown, writeRefused, pausedByPerson]
const pauses: readonly TrialCheck[] = [metricsMissing]

/** Why nothing of the release may be touched. */
export function stopFinding(pass: Pass): Finding | undefined {
  return first(stops.map((check) => check(pass)))
}

/** Why a candidate has to turn back. */
export function turnFinding(pass: Pass, trial: Trial): Finding | undefined {
  if (trial.stage.kind === 'retreating') return undefined
  return first(turns.map((check) => check(pass, trial)))
}

/** Why a candidate must not go on: a hold on the whole release, or on itself. */
export function holdFinding(pass: Pass, trial: Trial | undefined): Finding | undefined {
  return first([
    ...holds.map((check) => check(pass)),
    ...(trial === undefined ? [] : pauses.map((check) => check(pass, trial))),
  ])
}

function first(findings: readonly (Finding | undefined)[]): Finding | undefined {
  return findings.find((finding) => finding !== undefined)
}

function rivalCameFirst({ observed }: Pass): Finding | undefined {
  const rival = observed.rivals[0]
  if (rival === undefined) return undefined
  const message = `${rival.by} governs ${rival.claim} already; give one of the two another name there, or delete it`
  return { ...waitingFor('RivalRelease', message, rival.claim), move: 'stop' }
}

function serviceTaken({ observed }: Pass): Finding | undefined {
  for (const name of Object.values(observed.app.services)) {
    const foreign = entry(observed.services, name)?.foreign
    if (foreign === undefined) continue
    const message = `Service ${name} belongs to ${foreign}; name another one in spec.services`
    return { ...waitingFor('ServiceTaken', message, `Service ${name}`), move: 'stop' }
  }
  return undefined
}

function analysisFailing(pass: Pass, trial: Trial): Finding | undefined {
  for (const { metric, state } of measured(pass, trial)) {
    if (state.verdict !== 'failing') continue
    const values = state.samples.flatMap(({ verdict, value }) =>
      verdict === 'failing' && value !== undefined ? [round(value)] : [],
    )
    const message = `metric ${metric.name} had ${state.bad} bad samples of at most ${metric.failures - 1}: ${values.join(', ')} (${limits(metric)})`
    return { ...waitingFor('AnalysisFailed', message), move: 'retreat' }
  }
  return undefined
}

function metricsMissingTooOften(pass: Pass, trial: Trial): Finding | undefined {
  for (const { metric, state } of measured(pass, trial)) {
    const missing = metric.onNoData === 'rollback' ? state.missing : 0
    const errors = metric.onError === 'rollback' ? state.errors : 0
    if (missing + errors < metric.failures) continue
    const message = `metric ${metric.name} gave nothing to judge ${missing + errors} times: ${lastMessage(state)}`
    return { ...waitingFor('MetricsMissing', message), move: 'retreat' }
  }
  return undefined
}

function templateUnknown({ facts }: Pass): Finding | undefined {
  const targets = [facts.target, ...Object.values(facts.targets)]
  if (!targets.some(({ kind }) => kind === 'ask')) return undefined
  const message =
    'the template is spelt differently; the server is asked whether it means a revision that exists'
  return { ...waitingFor('WaitingForRevision', message), move: 'hold' }
}

function writeRefused({ observed }: Pass): Finding | undefined {
  const refusal = observed.refusals[0]
  if (refusal === undefined) return undefined
  const isWorkload = workloadKinds.some((kind) => refusal.object.startsWith(`${kind} `))
  const type = isWorkload ? 'WorkloadRefused' : 'WriteRefused'
  return {
    ...waitingFor(
      type,
      `the API server refuses ${refusal.object}: ${refusal.message}`,
      refusal.object,
    ),
    move: 'hold',
  }
}

function pausedByPerson({ book }: Pass): Finding | undefined {
  const forward = book.trials.some(({ stage }) => stage.kind === 'steps')
  if (book.paused === undefined || !forward) return undefined
  return {
    ...waitingFor('Paused', `paused by ${book.paused.by} until somebody resumes`),
    move: 'freeze',
  }
}

// An outage of the provider is no success: nothing goes on before there is something to judge again. A promotion has
// been judged, or somebody answers for it: stopping it half-way would leave the release between two revisions.
function metricsMissing(pass: Pass, trial: Trial): Finding | undefined {
  if (trial.stage.kind !== 'steps') return undefined
  for (const { metric, state } of measured(pass, trial)) {
    const missing = state.verdict === 'noData' && metric.onNoData !== 'continue'
    const error = state.verdict === 'error' && metric.onError !== 'continue'
    if (!missing && !error) continue
    return {
      ...waitingFor('WaitingForMetrics', `metric ${metric.name}: ${lastMessage(state)}`),
      move: 'freeze',
    }
  }
  return undefined
}

function measured(
  { observed, book }: Pass,
  { role }: Trial,
): readonly { metric: Metric; state: MetricState }[] {
  return (observed.app.analysis?.metrics ?? []).map((metric) => ({
    metric,
    state: metricState(analysisOf(book, role), metric.name),
  }))
}

function lastMessage(state: MetricState): string {
  return state.samples.at(-1)?.message ?? 'nothing to judge'
}

function limits({ min, max }: Metric): string {
  const parts = [
    min === undefined ? undefined : `min ${min}`,
    max === undefined ? undefined : `max ${max}`,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}
