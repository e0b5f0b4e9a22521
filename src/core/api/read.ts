/** From a Release to the engine's model: an app, or the problems that keep it from being one. */
import type { OwnerReference } from '../k8s/meta.ts'
import { metricProviders } from '../metrics/register.ts'
import type { Analysis, App, Metric, Step } from '../model/app.ts'
import { stable } from '../model/weights.ts'
import type { Problem } from '../refuse.ts'
import { writtenHash } from '../revision.ts'
import { parseDuration, parseInstant } from '../time.ts'
import { routerNames } from '../traffic/register.ts'
import { readAction } from './action.ts'
import { type Release, type ReleaseMetric, type ReleaseStep, releaseApiVersion } from './release.ts'

/** The role of a canary's candidate, in words and in metrics. */
export const canaryRole = 'canary'

export type ReadResult =
  | { readonly kind: 'app'; readonly app: App }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }

/**
 * Reads a Release. The API server has checked it against the schema; what slipped past it, because the schema was
 * older or the check is beyond a schema, is found here and told.
 */
export function readRelease(release: Release): ReadResult {
  const notes = new Notes()
  const problems = shapeProblems(release)
  if (problems.length > 0) return { kind: 'problems', problems }
  const app = appOf(release, notes)
  return notes.found.length > 0 ? { kind: 'problems', problems: notes.found } : { kind: 'app', app }
}

/** Problems as they are found, and the fallback values that let reading go on to the next one. */
class Notes {
  readonly found: Problem[] = []

  add(path: string, message: string): void {
    this.found.push({ path, message })
  }

  duration(path: string, text: string | undefined, fallback: number): number {
    if (text === undefined) return fallback
    const value = parseDuration(text)
    if (value === undefined)
      this.add(path, `${JSON.stringify(text)} is no duration; write one like 30s, 5m or 1h30m`)
    return value ?? fallback
  }
}

function shapeProblems({ spec }: Release): readonly Problem[] {
  const needed: readonly (readonly [string, unknown])[] = [
    ['spec.selector.matchLabels', spec?.selector?.matchLabels],
    ['spec.template.spec.containers', spec?.template?.spec?.containers],
    ['spec.services.stable', spec?.services?.stable],
    ['spec.services.candidate', spec?.services?.candidate],
    ['spec.traffic.route', spec?.traffic?.route],
    ['spec.strategy.canary.steps', spec?.strategy?.canary?.steps],
  ]
  return needed.flatMap(([path, value]) =>
    value === undefined ? [{ path, message: 'is required' }] : [],
  )
}

function appOf(release: Release, notes: Notes): App {
  const { metadata, spec } = release
  checkRelations(release, notes)
  return {
    door: 'headgate',
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    createdAt: parseInstant(metadata.creationTimestamp) ?? 0,
    deletedAt: parseInstant(metadata.deletionTimestamp),
    resourceVersion: metadata.resourceVersion ?? '',
    finalizers: metadata.finalizers ?? [],
    owner: ownerOf(release),
    template: spec.template,
    written: writtenHash(spec.template),
    replicas: spec.replicas ?? 1,
    selector: spec.selector.matchLabels,
    services: { [stable]: spec.services.stable, [canaryRole]: spec.services.candidate },
    traffic: {
      router: spec.traffic.router ?? 'gateway-api',
      route: spec.traffic.route,
      settleMs:
        spec.traffic.settle === undefined
          ? undefined
          : notes.duration('spec.traffic.settle', spec.traffic.settle, 0),
    },
    plan: {
      kind: 'canary',
      candidate: canaryRole,
      steps: stepsOf(spec.strategy.canary.steps, notes),
    },
    analysis: analysisOf(release, notes),
    progressDeadlineMs: notes.duration('spec.progressDeadline', spec.progressDeadline, 600_000),
    action: readAction(metadata.annotations),
  }
}

function ownerOf({ metadata }: Release): OwnerReference {
  return {
    apiVersion: releaseApiVersion,
    kind: 'Release',
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

function checkRelations({ spec }: Release, notes: Notes): void {
  const labels = spec.template.metadata?.labels ?? {}
  for (const [key, value] of Object.entries(spec.selector.matchLabels)) {
    if (labels[key] !== value) {
      notes.add(
        'spec.template.metadata.labels',
        `must have ${key}: ${value}, which spec.selector asks for`,
      )
    }
  }
  if (spec.services.stable === spec.services.candidate) {
    notes.add('spec.services', 'stable and candidate must be two different Services')
  }
  const router = spec.traffic.router ?? 'gateway-api'
  if (!routerNames.includes(router)) {
    notes.add(
      'spec.traffic.router',
      `${JSON.stringify(router)} is unknown; write one of ${routerNames.join(', ')}`,
    )
  }
}

function stepsOf(steps: readonly ReleaseStep[], notes: Notes): readonly Step[] {
  return steps.map((step, index) => stepOf(step, `spec.strategy.canary.steps[${index}]`, notes))
}

function stepOf(step: ReleaseStep, path: string, notes: Notes): Step {
  const given = [step.weight ?? step.replicas, step.pause, step.analysis].filter(
    (part) => part !== undefined,
  )
  if (given.length !== 1)
    notes.add(
      path,
      'must have exactly one of weight, replicas, pause, analysis (replicas may stand beside weight)',
    )
  if (step.analysis !== undefined) return { kind: 'analysis', metrics: step.analysis }
  if (step.pause !== undefined) {
    const open = typeof step.pause !== 'string'
    return {
      kind: 'pause',
      durationMs: open ? undefined : notes.duration(`${path}.pause`, step.pause as string, 0),
    }
  }
  if (step.weight !== undefined) {
    const whole = Number.isInteger(step.weight) && step.weight >= 0 && step.weight <= 100
    if (!whole)
      notes.add(`${path}.weight`, `${step.weight} is no weight; write a whole number from 0 to 100`)
    return { kind: 'weight', weight: whole ? step.weight : 0, replicas: step.replicas }
  }
  return { kind: 'replicas', replicas: step.replicas ?? 0 }
}

function analysisOf({ spec }: Release, notes: Notes): Analysis | undefined {
  const { analysis } = spec
  const named = spec.strategy.canary.steps.flatMap((step) => step.analysis ?? [])
  const known = new Set(analysis?.metrics.map(({ name }) => name))
  for (const name of named) {
    if (!known.has(name))
      notes.add(
        'spec.strategy.canary.steps',
        `analysis of ${name}, which spec.analysis.metrics does not define`,
      )
  }
  if (analysis === undefined) return undefined
  const { address } = analysis.provider.prometheus
  if (!/^https?:\/\/[^\s/]+/.test(address)) {
    notes.add(
      'spec.analysis.provider.prometheus.address',
      `${JSON.stringify(address)} is no http or https address`,
    )
  }
  if (known.size < analysis.metrics.length) notes.add('spec.analysis.metrics', 'names must differ')
  return {
    provider: { kind: 'prometheus', address },
    warmupMs: notes.duration('spec.analysis.warmup', analysis.warmup, 0),
    metrics: analysis.metrics.map((metric, index) =>
      metricOf(metric, `spec.analysis.metrics[${index}]`, notes),
    ),
  }
}

function metricOf(given: ReleaseMetric, path: string, notes: Notes): Metric {
  if ((given.template === undefined) === (given.query === undefined))
    notes.add(path, 'must have either template or query')
  if (given.max === undefined && given.min === undefined)
    notes.add(path, 'must have max, min or both')
  const metric: Metric = {
    name: given.name,
    query:
      given.query === undefined
        ? { kind: 'template', template: given.template ?? '' }
        : { kind: 'text', text: given.query },
    max: given.max,
    min: given.min,
    intervalMs: Math.max(1000, notes.duration(`${path}.interval`, given.interval, 30_000)),
    windowMs: notes.duration(`${path}.window`, given.window, 120_000),
    failures: given.failures ?? 1,
    count: given.count ?? 1,
    onNoData: given.onNoData ?? 'hold',
    onError: given.onError ?? 'hold',
  }
  const problem = metricProviders.prometheus.problem(metric)
  if (problem !== undefined) notes.add(path, problem)
  return metric
}
