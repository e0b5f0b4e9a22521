/** `status.abExperiment`: when it began, what was counted, and how it ended. */
import type { App } from '#core/model/app.ts'
import { type Judge, judgedName, type Look } from '#core/model/experiment.ts'
import type { Notebook } from '#core/model/notebook.ts'
import { leastObservations } from '#core/model/statistics.ts'
import { stable } from '#core/model/weights.ts'
import { formatInstant } from '#core/time.ts'

export type ExperimentShown = {
  readonly startedAt?: string
  readonly concludedAt?: string
  readonly sampleSizeA?: number
  readonly sampleSizeB?: number
  readonly results?: readonly ResultShown[]
  readonly winner?: Variant
  readonly conclusionReason?: string
}

export type Variant = 'A' | 'B'

type ResultShown = {
  readonly name: string
  readonly valueA: number
  readonly valueB: number
  readonly confidence: number
  readonly isSignificant: boolean
  readonly winner?: Variant
}

/** `before` keeps what is known of an experiment that is over. Undefined where there never was one. */
export function experimentOf(
  { plan }: App,
  { trials, looks, concluded, decisions }: Notebook,
  before: ExperimentShown | undefined,
): ExperimentShown | undefined {
  const { experiment } = plan
  if (experiment === undefined) return undefined
  const [trial] = trials
  const start = trial?.startedAt ?? decisions.findLast(({ action }) => action === 'Start')?.at
  // Between experiments, what the last one came to stays.
  if (trial === undefined && concluded === undefined) return before
  const results = experiment.judges.flatMap((judge) => {
    const look = looks.find(({ metric }) => metric === judge.metric.name)
    return look === undefined ? [] : resultOf(judge, look)
  })
  const counted = looks.find(({ candidate }) => candidate !== undefined)
  return {
    ...(start === undefined ? startOf(before) : { startedAt: formatInstant(start) }),
    ...(counted?.stable === undefined ? {} : { sampleSizeA: Math.round(counted.stable.of) }),
    ...(counted?.candidate === undefined ? {} : { sampleSizeB: Math.round(counted.candidate.of) }),
    ...(results.length === 0 ? {} : { results }),
    ...conclusionOf(concluded),
  }
}

function startOf(before: ExperimentShown | undefined): ExperimentShown {
  return before?.startedAt === undefined ? {} : { startedAt: before.startedAt }
}

function conclusionOf(concluded: Notebook['concluded']): ExperimentShown {
  if (concluded === undefined) return {}
  const { winner, at } = concluded
  return {
    concludedAt: formatInstant(at),
    ...(winner === undefined ? {} : { winner: winner === stable ? 'A' : 'B' }),
    conclusionReason: reasonOf(concluded),
  }
}

function reasonOf({ reason }: NonNullable<Notebook['concluded']>): string {
  if (reason === 'DifferenceFound') return 'ConsensusReached'
  return reason === 'MaxDurationReached' ? 'MaxDurationExceeded' : 'ManualConclusion'
}

function resultOf({ metric, options }: Judge, look: Look): readonly ResultShown[] {
  const { candidate, stable: own, confidence, effect = 0 } = look
  if (candidate === undefined || own === undefined || confidence === undefined) return []
  const [valueA, valueB] = [own.hits / own.of, candidate.hits / candidate.of]
  const least = Math.max(leastObservations, options.minSamples)
  const isSignificant = Math.min(own.of, candidate.of) >= least && confidence >= options.confidence
  const decides = isSignificant && valueA !== valueB && Math.abs(effect) >= options.minEffect
  const better: Variant = valueB > valueA === (options.direction === 'higher') ? 'B' : 'A'
  return [
    {
      name: judgedName(metric.name),
      valueA,
      valueB,
      confidence,
      isSignificant,
      ...(decides ? { winner: better } : {}),
    },
  ]
}
