/** What is wrong with manifests, and what is allowed but seldom meant; without a cluster. */

import type { KubeObject } from '#core/k8s/meta.ts'
import type { Container } from '#core/k8s/workloads.ts'
import { leftOutOf } from '#core/left-out.ts'
import type { App, Step } from '#core/model/app.ts'
import type { Obj } from '#core/schema/json.ts'
import { prune } from '#core/schema/prune.ts'
import type { Schema } from '#core/schema/schema.ts'
import { planOffline, startOffline } from '#releases/plan/make.ts'
import { isObstacle } from '#releases/plan/plan.ts'
import type { Asked } from '../plan/asked.ts'

export type Finding = {
  readonly level: 'error' | 'warning'
  /** Where in the manifest; '' for all of it. */
  readonly path: string
  readonly message: string
}

export function lint(asked: Asked, others: readonly KubeObject[], now: number): readonly Finding[] {
  const offline = { ...asked, others, first: false, now }
  const begun = startOffline(offline)
  const unknown = unknownFields(asked)
  if (begun.kind === 'problems')
    return [...begun.problems.map(({ path, message }) => error(path, message)), ...unknown]
  // How it would end is the matter of plan and simulate.
  const refused = planOffline(offline)
    .refused.filter(({ what }) => isObstacle(what))
    .map(({ what, message }) => error('', `${what}: ${message}`))
  return [...refused, ...unknown, ...doubts(begun.app, begun.lacking.length > 0)]
}

function error(path: string, message: string): Finding {
  return { level: 'error', path, message }
}

function warning(path: string, message: string): Finding {
  return { level: 'warning', path, message }
}

/** Fields that the server would drop, often for a letter that is wrong. */
function unknownFields({ door, object }: Asked): readonly Finding[] {
  const crd = door.crds.find(
    ({ metadata }) => metadata.name === `${door.kind.plural}.${door.kind.group}`,
  )
  const version = crd?.spec.versions.find(({ name }) => name === door.kind.version)
  const schema = version?.schema.openAPIV3Schema as Schema | undefined
  if (schema === undefined) return []
  const unknown: string[] = []
  prune(schema, object as unknown as Obj, unknown)
  return unknown.map((path) => error(path, 'is no field of it; the server would drop it'))
}

/** What can be, and is seldom meant. */
function doubts(app: App, isElsewhere: boolean): readonly Finding[] {
  return [
    ...stepDoubts(app),
    // A template that stands in a Deployment is not ours to look at.
    ...(isElsewhere ? [] : app.template.spec.containers.flatMap(containerDoubts)),
    ...leftOutOf(app).map((sentence) => warning('spec.traffic.extras', sentence)),
    ...metricDoubts(app),
  ]
}

function stepDoubts({ plan, analysis }: App): readonly Finding[] {
  const steps = plan.candidates.flatMap((candidate) => candidate.steps)
  if (plan.strategy !== 'canary') return []
  const weights = steps.filter((step) => step.kind === 'weight')
  const where = 'spec.strategy.canary.steps'
  return [
    ...(analysis === undefined && !steps.some(looks)
      ? [
          warning(
            'spec.analysis',
            'nothing judges the candidate, nor does anybody; only pods that are not ready stop it',
          ),
        ]
      : []),
    ...(weights.length > 0 && !steps.some(takesTime)
      ? [
          warning(
            where,
            'no step takes time, so that all of them are over before anything can be seen',
          ),
        ]
      : []),
    ...weights.flatMap((step, index) =>
      index > 0 && step.weight < (weights[index - 1]?.weight ?? 0)
        ? [warning(where, `weight ${step.weight} comes after a greater one`)]
        : [],
    ),
  ]
}

function looks(step: Step): boolean {
  return step.kind === 'gate' || (step.kind === 'pause' && step.durationMs === undefined)
}

function takesTime({ kind }: Step): boolean {
  return kind === 'pause' || kind === 'analysis' || kind === 'gate'
}

function containerDoubts(container: Container): readonly Finding[] {
  const { name, image = '' } = container
  const path = `spec.template.spec.containers[${name}]`
  const tag = /:([^:/@]+)$/.exec(image.replace(/@.*$/, ''))?.[1]
  const isFixed = image.includes('@') || (tag !== undefined && tag !== 'latest')
  return [
    ...(isFixed || image === ''
      ? []
      : [warning(`${path}.image`, `${image} may be another image tomorrow; name a version`)]),
    ...(container['readinessProbe'] === undefined
      ? [warning(`${path}.readinessProbe`, 'left out: pods count as ready as soon as they run')]
      : []),
  ]
}

function metricDoubts({ analysis }: App): readonly Finding[] {
  return (analysis?.metrics ?? []).flatMap(({ name, windowMs, intervalMs }) =>
    windowMs < intervalMs
      ? [
          warning(
            `spec.analysis.metrics[${name}].window`,
            'shorter than the interval, so that part of the time is never looked at',
          ),
        ]
      : [],
  )
}
