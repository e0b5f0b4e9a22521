/** `judge` of an experiment: what is counted, and how sure one has to be. */
import { metricProviders } from '../../metrics/register.ts'
import type { Metric } from '../../model/analysis.ts'
import { allTimeMs, countingMetric } from '../../model/counting.ts'
import { type Judge, judgeMetricName } from '../../model/experiment.ts'
import { leastObservations } from '../../model/statistics.ts'
import { Notes } from '../notes.ts'
import { readAnalysis } from '../read-analysis.ts'
import type { Release } from '../release.ts'
import { count, duration, name, object, oneOf, text } from '../schema-parts.ts'

/** Either `metric`, or `success` and `total`. */
export type ReleaseJudge = {
  readonly metric?: string
  readonly success?: string
  readonly total?: string
  readonly direction: 'higher' | 'lower'
  readonly confidence?: number
  readonly minSamples?: number
  readonly minEffect?: number
  readonly sequential?: boolean
  readonly interval?: string
}

const query = (what: string) =>
  text(`PromQL for the number of ${what} of one role, within {{window}}.`, { maxLength: 4096 })

export const judgeSchema = object(
  {
    metric: name('A metric of spec.analysis whose value is a share in per cent, and is counted.'),
    success: query('successes'),
    total: query('observations'),
    direction: oneOf(['higher', 'lower'], 'Which share is the better one.', undefined),
    confidence: {
      type: 'number',
      minimum: 0.5,
      maximum: 0.9999,
      default: 0.95,
      description: 'How sure the judge must be, of all candidates together.',
    },
    minSamples: count('Observations that each side needs.', 1, { default: leastObservations }),
    minEffect: {
      type: 'number',
      minimum: 0,
      default: 0,
      description: "A smaller difference, as a part of stable's share, names no winner.",
    },
    sequential: {
      type: 'boolean',
      default: true,
      description:
        'The confidence holds however often is looked. Without it, it holds for one look only.',
    },
    interval: duration('Between two looks.', { default: '30s' }),
  },
  {
    required: ['direction'],
    oneOf: [{ required: ['metric'] }, { required: ['success', 'total'] }],
  },
)

const path = 'spec.strategy.experiment.judge'

export function readJudge(given: ReleaseJudge, release: Release, notes: Notes): Judge {
  const own = metricOf(given, release, notes)
  return {
    metric: {
      ...own,
      name: judgeMetricName(own.name),
      compare: 'difference',
      range: undefined,
      minSamples: 1,
      windowMs: allTimeMs,
      intervalMs: Math.max(1000, notes.duration(`${path}.interval`, given.interval, 30_000)),
    },
    gives: given.metric === undefined ? 'count' : 'percent',
    options: {
      direction: given.direction,
      confidence: given.confidence ?? 0.95,
      minSamples: given.minSamples ?? leastObservations,
      minEffect: given.minEffect ?? 0,
      looks: given.sequential === false ? 'fixed' : 'sequential',
    },
  }
}

function metricOf(given: ReleaseJudge, { spec }: Release, notes: Notes): Metric {
  if (spec.analysis === undefined)
    notes.add(path, 'has nobody to ask; write spec.analysis.provider')
  if (given.metric === undefined) return counting(given, notes)
  if (given.success !== undefined || given.total !== undefined)
    notes.add(path, 'must have either metric, or success and total')
  // Its own mistakes are told where it is written.
  const known = spec.analysis === undefined ? [] : readAnalysis(spec.analysis, new Notes()).metrics
  const found = known.find((one) => one.name === given.metric)
  if (found === undefined) {
    notes.add(`${path}.metric`, `${given.metric} is not defined in spec.analysis.metrics`)
    return counting(given, new Notes())
  }
  const { query: asked } = found
  const shares = asked.kind === 'template' ? /^(error|success)-rate$/ : undefined
  const isShare =
    asked.kind === 'template' ? shares?.test(asked.template) : asked.count !== undefined
  if (isShare !== true)
    notes.add(
      `${path}.metric`,
      `${given.metric} is no share of a number of requests; name error-rate, success-rate or a query with a countQuery, or write success and total`,
    )
  return found
}

function counting({ success = '', total = '' }: ReleaseJudge, notes: Notes): Metric {
  if (success === '' || total === '')
    notes.add(path, 'must have either metric, or success and total')
  const metric = countingMetric({ name: 'success', successes: success, total, intervalMs: 30_000 })
  const problem = metricProviders.prometheus.problem(metric)
  if (problem !== undefined) notes.add(path, problem)
  return metric
}
