/**
 * The ordered list of facts that stop, hold or turn a release, most urgent first. The first finding is the reason that
 * people see.
 */

import { metricState } from './analysis/judge.ts'
import { standingOf } from './analysis/standing.ts'
import { entry } from './entry.ts'
import { misfitOf } from './fit.ts'
import { workloadKinds } from './model/app.ts'
import { analysisOf, type Trial } from './model/notebook.ts'
import { type Waiting, waitingFor } from './move/waiting.ts'
import type { Observed } from './observed.ts'
import type { Pass } from './pass.ts'
import { gateVerdict } from './steps/gate.ts'

/**
 * `stop`: touch nothing. `hold`: keep and repair what is, but do not go on. `freeze`: the same, and candidates gain no
 * traffic, not even what their steps already declare. `retreat`: the candidate's traffic returns to stable.
 */
export type Finding = Waiting & { readonly move: 'stop' | 'hold' | 'freeze' | 'retreat' }

/** Looks at one thing; stays silent, or says why the release must not simply go on. */
type Check = (pass: Pass) => Finding | undefined

/** The same for one candidate on trial. */
type TrialCheck = (pass: Pass, trial: Trial) => Finding | undefined

const stops: readonly Check[] = [rivalCameFirst, serviceTaken, serviceTooWide]
const turns: readonly TrialCheck[] = [analysisFailing, metricsMissingTooOften, gateRefused]
const holds: readonly Check[] = [
  templateUnknown,
  writeRefused,
  serviceTooWideAtRest,
  pausedByPerson,
]
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

/** People's selectors are theirs to mend: nothing new comes up behind one that would send traffic to it at once. */
function serviceTooWide({ observed, facts, book }: Pass): Finding | undefined {
  // Without a route Services are not what splits the traffic; and the way back is open to everybody.
  if (facts.imagined || book.trials.some(({ stage }) => stage.kind === 'retreating'))
    return undefined
  if (book.stable !== undefined && book.trials.length === 0) return undefined
  return misfit(observed)
}

/** At rest it is told, and the release is kept as it is. */
function serviceTooWideAtRest({ observed, facts }: Pass): Finding | undefined {
  const finding = facts.imagined ? undefined : misfit(observed)
  return finding === undefined ? undefined : { ...finding, move: 'hold' }
}

function misfit(observed: Observed): Finding | undefined {
  const found = misfitOf(observed)
  if (found === undefined) return undefined
  const object = `Service ${found.service}`
  return { ...waitingFor('ServiceTooWide', `${object} ${found.message}`, object), move: 'stop' }
}

function analysisFailing(pass: Pass, trial: Trial): Finding | undefined {
  const message = standingMessage(pass, trial, 'fails')
  return message === undefined
    ? undefined
    : { ...waitingFor('AnalysisFailed', message), move: 'retreat' }
}

function metricsMissingTooOften(pass: Pass, trial: Trial): Finding | undefined {
  const message = standingMessage(pass, trial, 'gaveUp')
  return message === undefined
    ? undefined
    : { ...waitingFor('MetricsMissing', message), move: 'retreat' }
}

function gateRefused(pass: Pass, trial: Trial): Finding | undefined {
  const found = gateVerdict(pass, trial)
  if (found?.verdict !== 'failing') return undefined
  return { ...waitingFor('GateRefused', found.message), move: 'retreat' }
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
  const message = standingMessage(pass, trial, 'holds')
  return message === undefined
    ? undefined
    : { ...waitingFor('WaitingForMetrics', message), move: 'freeze' }
}

/** What the first metric says that stands like this. */
function standingMessage(
  { observed, book }: Pass,
  { role }: Trial,
  kind: 'fails' | 'gaveUp' | 'holds',
): string | undefined {
  const analysis = analysisOf(book, role)
  for (const metric of observed.app.analysis?.metrics ?? []) {
    const standing = standingOf(metric, metricState(analysis, metric.name))
    if (standing.kind === kind) return standing.message
  }
  return undefined
}
