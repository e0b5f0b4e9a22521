/** `strategy.abTesting`: two variants by header or cookie, compared until one is better, time is over or somebody ends it. */
import type { Notes } from '#core/api/notes.ts'
import { metricProviders } from '#core/metrics/register.ts'
import { type Match, plainPromotion, type Step } from '#core/model/app.ts'
import { countingMetric } from '#core/model/counting.ts'
import { type Judge, judgeMetricName } from '#core/model/experiment.ts'
import { leastObservations } from '#core/model/statistics.ts'
import { intervalMs, providerOf } from './analysis.ts'
import { named, noted } from './noted.ts'
import { type Part, type Reading, seats } from './part.ts'
import type { AbAnalysis, AbMetric, AbTestingStrategy } from './rollout.ts'

const path = 'spec.strategy.abTesting'
export const variantB = 'variant-b'

export function readAbTesting(given: AbTestingStrategy, reading: Reading): Part {
  const { notes, name, replicas, address } = reading
  const stable = named(notes, `${path}.variantAService`, given.variantAService)
  const other = named(notes, `${path}.variantBService`, given.variantBService)
  if (stable === other)
    notes.add(path, 'variantAService and variantBService must be two different Services')
  const matches = matchesOf(given, notes)
  const { analysis } = given
  const judges = (analysis?.metrics ?? []).map((metric, index) =>
    judgeOf(metric, analysis ?? {}, `${path}.analysis.metrics[${index}]`, notes),
  )
  const minDurationMs = noted(notes, `${path}.analysis.minDuration`, analysis?.minDuration) ?? 0
  const maxDurationMs = noted(notes, `${path}.maxDuration`, given.maxDuration)
  if (maxDurationMs !== undefined && minDurationMs > maxDurationMs)
    notes.add(
      `${path}.analysis.minDuration`,
      'is longer than maxDuration, so that nobody could win',
    )
  const steps: readonly Step[] = [
    { kind: 'replicas', replicas },
    { kind: 'match', matches },
    { kind: 'judge' },
  ]
  const asked = analysis?.prometheus?.address ?? address
  return {
    plan: {
      strategy: 'experiment',
      candidates: [{ role: variantB, own: undefined, steps, command: undefined }],
      promotion: { ...plainPromotion, late: true },
      experiment: {
        minDurationMs,
        maxDurationMs,
        judges,
        onConclusion: 'wait',
        conclude: undefined,
      },
    },
    services: { stable, [variantB]: other },
    seats: seats({ stable: 'variant-a', [variantB]: variantB }, name),
    port: given.port ?? 80,
    route: given.trafficRouting?.gatewayAPI?.httpRoute,
    matchNames: { [variantB]: matchNames(given) },
    analysis:
      judges.length === 0
        ? undefined
        : {
            provider: providerOf(asked, `${path}.analysis.prometheus.address`, notes),
            warmupMs: 0,
            metrics: [],
          },
    path,
  }
}

/** Header and cookie are alternatives, under KULTA's names of their rules. */
function matchNames({ variantBMatch }: AbTestingStrategy): readonly string[] {
  const { header, cookie } = variantBMatch
  return [
    ...(header === undefined ? [] : [variantB]),
    ...(cookie === undefined ? [] : [`${variantB}-cookie`]),
  ]
}

function matchesOf({ variantBMatch }: AbTestingStrategy, notes: Notes): readonly Match[] {
  const { header, cookie } = variantBMatch
  const at = `${path}.variantBMatch`
  if (header === undefined && cookie === undefined)
    notes.add(at, 'must have header, cookie or both')
  if (cookie !== undefined && /[;,\s"\\]/.test(cookie.value))
    notes.add(`${at}.cookie.value`, 'cannot be the value of a cookie')
  for (const [what, name] of [
    ['header', header?.name],
    ['cookie', cookie?.name],
  ] as const) {
    if (name !== undefined && !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
      notes.add(`${at}.${what}.name`, `cannot be the name of a ${what}`)
  }
  return [
    ...(header === undefined
      ? []
      : [
          {
            kind: 'header',
            name: header.name,
            value: header.value,
            regex: header.type === 'RegularExpression',
          } as const,
        ]),
    ...(cookie === undefined
      ? []
      : [{ kind: 'cookie', name: cookie.name, value: cookie.value } as const]),
  ]
}

/** By the label `service`, as KULTA asks, else by the labels of the pods. */
const counted = (status: string): string => {
  const part = (labels: string): string =>
    `sum(increase(http_requests_total{${status}${labels}}[{{window}}]))`
  const pods = 'rollout="{{rollout}}",revision="{{role}}",namespace="{{namespace}}"'
  return `${part('service="{{service}}",namespace="{{namespace}}"')} or ${part(pods)}`
}

/** Of nothing that was counted nothing failed. */
const some = (status: string): string => `(${counted(status)}) or vector(0)`

const builtIn: Readonly<Record<string, string>> = {
  'error-rate': some('status=~"5..",'),
  'success-rate': some('status!~"5..",'),
}

function judgeOf(given: AbMetric, analysis: AbAnalysis, at: string, notes: Notes): Judge {
  const ready = Object.hasOwn(builtIn, given.name) ? builtIn[given.name] : undefined
  if ((given.query === undefined) !== (given.totalQuery === undefined))
    notes.add(at, 'must have both query and totalQuery, or neither')
  if (given.query === undefined && ready === undefined)
    notes.add(
      `${at}.name`,
      `${given.name} is no built-in metric; write ${Object.keys(builtIn).join(', ')}, or query and totalQuery`,
    )
  const metric = countingMetric({
    name: judgeMetricName(given.name),
    successes: given.query ?? ready ?? 'vector(0)',
    total: given.totalQuery ?? counted(''),
    intervalMs,
  })
  const problem = metricProviders.prometheus.problem(metric)
  if (problem !== undefined) notes.add(at, problem)
  const { confidenceLevel = 0.95, minSampleSize = leastObservations, sequential } = analysis
  return {
    metric,
    gives: 'count',
    options: {
      direction: given.direction,
      confidence: confidenceLevel,
      minSamples: minSampleSize,
      minEffect: given.minEffectSize ?? 0,
      looks: sequential === true ? 'sequential' : 'fixed',
    },
  }
}
