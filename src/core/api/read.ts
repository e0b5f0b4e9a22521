/** From a Release to the engine's model: an app, or the problems that keep it from being one. */
import type { OwnerReference } from '../k8s/meta.ts'
import { metricProviders } from '../metrics/register.ts'
import type { Analysis, App, Metric, Step } from '../model/app.ts'
import { stable } from '../model/weights.ts'
import type { Problem } from '../refuse.ts'
import { cut } from '../render/text.ts'
import { writtenHash } from '../revision.ts'
import type { Obj } from '../schema/json.ts'
import type { Problem as SchemaProblem } from '../schema/problem.ts'
import type { Schema } from '../schema/schema.ts'
import { validateSchema } from '../schema/validate.ts'
import { positionAt } from '../steps/step.ts'
import { parseDuration, parseInstant } from '../time.ts'
import { routerNames } from '../traffic/register.ts'
import { readAction } from './action.ts'
import { type Release, type ReleaseMetric, type ReleaseStep, releaseApiVersion } from './release.ts'
import { releaseSpecSchema } from './schema.ts'

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
  const found = validateSchema(specSchema, release as unknown as Obj)
  const shape = found.filter(isShape)
  if (shape.length > 0) return { kind: 'problems', problems: shape.map(told) }
  const notes = new Notes()
  const app = appOf(release, notes)
  const others = found.filter(({ field }) => !notes.found.some(({ path }) => path === field))
  const problems = [...notes.found, ...others.map(told)]
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'app', app }
}

/** The schema of what a Release asks for; what it says of itself in its status is our own business. */
const specSchema: Schema = {
  type: 'object',
  required: ['spec'],
  properties: { spec: releaseSpecSchema as Schema },
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

// What has another shape than the schema says cannot be read any further.
const shapeReasons: readonly string[] = ['FieldValueRequired', 'FieldValueTypeInvalid']

function isShape({ reason }: SchemaProblem): boolean {
  return shapeReasons.includes(reason)
}

function told({ field, message }: SchemaProblem): Problem {
  return { path: field, message }
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

/** A release's name is the value of a label, which is shorter than a name may be. */
const longestName = 63

function checkRelations({ metadata, spec }: Release, notes: Notes): void {
  if (metadata.name.length > longestName) {
    notes.add(
      'metadata.name',
      `has ${metadata.name.length} characters; at most ${longestName} fit into a label`,
    )
  }
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

function stepsOf(given: readonly ReleaseStep[], notes: Notes): readonly Step[] {
  const pathOf = (index: number): string => `spec.strategy.canary.steps[${index}]`
  const steps = given.map((step, index) => stepOf(step, pathOf(index), notes))
  steps.forEach((step, index) => {
    const { weight, replicas } = positionAt(steps, index)
    if ((step.kind === 'weight' || step.kind === 'replicas') && weight > 0 && replicas === 0) {
      notes.add(
        `${pathOf(index)}.replicas`,
        `weight ${weight} needs at least one pod; write 1 or more`,
      )
    }
  })
  return steps
}

function pauseOf(pause: unknown, path: string, notes: Notes): number | undefined {
  if (typeof pause === 'string') return notes.duration(path, pause, 0)
  if (typeof pause !== 'object' || pause === null || Object.keys(pause).length > 0) {
    const hint = 'write one like 30s, 5m or 1h30m, or {} to wait until somebody promotes'
    notes.add(path, `${cut(JSON.stringify(pause), 100)} is no duration; ${hint}`)
  }
  return undefined
}

function givesTraffic({ weight = 0 }: ReleaseStep): boolean {
  return weight > 0
}

/** Measured is a candidate with traffic: an analysis before it would wait for ever. */
function checkMeasurable({ spec }: Pick<Release, 'spec'>, notes: Notes): void {
  const { steps } = spec.strategy.canary
  const first = steps.findIndex(givesTraffic)
  if (first < 0) {
    notes.add(
      'spec.strategy.canary.steps',
      'give the candidate no traffic, so that nothing could be measured; add a step with a weight',
    )
    return
  }
  steps.slice(0, first).forEach((step, index) => {
    if (step.analysis === undefined) return
    notes.add(
      `spec.strategy.canary.steps[${index}].analysis`,
      'comes before the candidate has traffic; put a step with a weight before it',
    )
  })
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
    return { kind: 'pause', durationMs: pauseOf(step.pause, `${path}.pause`, notes) }
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
  checkMeasurable({ spec }, notes)
  const { address } = analysis.provider.prometheus
  if (!/^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/.test(address)) {
    notes.add(
      'spec.analysis.provider.prometheus.address',
      `${JSON.stringify(address)} is no http or https address; write one like http://prometheus.monitoring.svc:9090, without user, query or fragment`,
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
  if (given.min !== undefined && given.max !== undefined && given.min > given.max) {
    notes.add(path, `min ${given.min} is above max ${given.max}, so that every sample would be bad`)
  }
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
