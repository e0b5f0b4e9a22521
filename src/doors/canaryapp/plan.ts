/** How an image is tested: the steps that its traffic takes, and the one question that judges it. */
import { metricProviders } from '#core/metrics/register.ts'
import type { Analysis, Metric } from '#core/model/analysis.ts'
import { type Plan, plainPromotion, type Step } from '#core/model/app.ts'
import type { Problem } from '#core/refuse.ts'
import { type CanaryApp, type CanaryAppSpec, namesOf, secondary } from './canary-app.ts'

const metricName = 'prometheusQuery'
const second = 1000
/** As the original asked: the last two minutes, a point each five seconds. */
const windowMs = 120_000
const stepMs = 5000
const usualScrapeSeconds = 15

/** Whether anybody is asked how the image on trial does. */
function isAnalysed({ prometheusQuery }: CanaryAppSpec): boolean {
  return prometheusQuery.trim() !== ''
}

/** Weights of the image on trial: by `trafficShiftStep` up to `trafficShiftLimit`. */
export function weightsOf(spec: CanaryAppSpec): readonly number[] {
  const { trafficShiftStep: step = 10, trafficShiftLimit: limit = 50 } = spec
  const by = Math.max(1, step)
  const most = Math.max(1, limit)
  return Array.from({ length: Math.ceil(most / by) }, (_, index) =>
    Math.min(most, (index + 1) * by),
  )
}

/**
 * Pods first, then the time that they are left alone, then weight after weight. At each weight a good answer is waited
 * for, or the interval where nobody is asked.
 */
export function stepsOf(spec: CanaryAppSpec): readonly Step[] {
  const replicas = spec.testReplicas
  const waitMs = Math.max(0, spec.deploymentReadyWaitTime ?? 20) * second
  const look: Step = isAnalysed(spec)
    ? { kind: 'analysis', metrics: [metricName] }
    : { kind: 'pause', durationMs: intervalMsOf(spec) }
  return [
    { kind: 'replicas', replicas },
    ...(waitMs === 0 ? [] : [{ kind: 'pause', durationMs: waitMs } as const]),
    ...weightsOf(spec).flatMap((weight): readonly Step[] => [
      { kind: 'weight', weight, replicas },
      look,
    ]),
  ]
}

function intervalMsOf({ trafficShiftUpdateInterval = 30 }: CanaryAppSpec): number {
  return Math.max(1, trafficShiftUpdateInterval) * second
}

export function planOf({ spec }: CanaryApp): Plan {
  return {
    strategy: 'canary',
    candidates: [{ role: secondary, own: undefined, steps: stepsOf(spec), command: undefined }],
    promotion: plainPromotion,
  }
}

/** The index of the step at which a weight is looked at; that of the first such step for a weight that is none of ours. */
export function stepAt(steps: readonly Step[], weight: number): number {
  const found = steps.findLastIndex((step) => step.kind === 'weight' && step.weight <= weight)
  const first = steps.findIndex(({ kind }) => kind === 'weight')
  return (found < 0 ? first : found) + 1
}

export function analysisOf(app: CanaryApp): Analysis | undefined {
  const { spec } = app
  if (!isAnalysed(spec)) return undefined
  const { prometheusScrapeInterval = usualScrapeSeconds } = spec
  const intervalMs = intervalMsOf(spec)
  return {
    provider: {
      kind: 'prometheus',
      address: spec.prometheusURL,
      headers: {},
      secret: spec.prometheusSecret,
      caBundle: spec.prometheusCABundle,
    },
    // One scrape has to have seen the first shift before anybody is asked about it.
    warmupMs: Math.max(0, prometheusScrapeInterval * second - intervalMs),
    metrics: [metricOf(app, intervalMs)],
  }
}

function metricOf({ metadata, spec }: CanaryApp, intervalMs: number): Metric {
  const { name } = metadata
  return {
    name: metricName,
    query: {
      kind: 'text',
      text: spec.prometheusQuery,
      count: undefined,
      arguments: { subset: 'secondary', deployment: namesOf(name).secondary },
    },
    range: { stepMs, reduce: 'last', lookBackMs: lookBackOf(spec.prometheusQuery) },
    counts: 'series',
    compare: undefined,
    max: 0,
    min: undefined,
    intervalMs,
    windowMs,
    failures: 1,
    count: 1,
    minSamples: 0,
    onNoData: 'continue',
    onError: (spec.failWhenPrometheusFails ?? true) ? 'rollback' : 'continue',
    consecutiveErrors: undefined,
  }
}

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}

/** The longest time that a range in the query looks back, in milliseconds: 20 s for `increase(x[20s])`. */
export function lookBackOf(query: string): number {
  const ranges = [...query.matchAll(/\[\s*((?:\d+(?:ms|[smhdwy]))+)\s*(?::[^\]]*)?\]/g)]
  const lengths = ranges.map(([, text = '']) =>
    [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
      (sum, [, count, unit = '']) => sum + Number(count) * (unitsMs[unit] ?? 0),
      0,
    ),
  )
  return Math.max(0, ...lengths)
}

/** What is wrong with the query, as far as that is known before it is asked. */
export function queryProblems(app: CanaryApp): readonly Problem[] {
  const analysis = analysisOf(app)
  return (analysis?.metrics ?? []).flatMap((metric) => {
    const message = metricProviders.prometheus.problem(metric)
    return message === undefined ? [] : [{ path: 'spec.prometheusQuery', message }]
  })
}
