/** Deployments, ReplicaSets and their kin: defaults, selectors that fit, counts that are not negative. */
import {
  asNumber,
  asObject,
  asString,
  at,
  child,
  equal,
  isObject,
  type Obj,
  objectsOf,
  type Value,
} from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { isEmptySelector, selects } from '../../label-selector.ts'
import { labelProblems } from '../../metadata.ts'
import { labelName, subdomainName } from '../../names.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { assign, withGeneration, withStatus } from './base.ts'
import { defaultPodSpec, fill } from './pod-defaults.ts'
import { atLeastZero, podSpecProblems } from './pod-validate.ts'
import { deploymentCounts, replicaSetCounts } from './workload-status.ts'

const workload = withStatus()

function defaultTemplate(spec: Obj): void {
  defaultPodSpec(child(child(spec, 'template'), 'spec'))
}

export const deploymentStrategy: Strategy = {
  ...withGeneration(workload, ['spec', 'annotations']),
  prepareStatus: (object, old, machine) => {
    workload.prepareStatus(object, old, machine)
    assign(object.metadata, 'labels', old.metadata.labels)
  },
  defaults: (object) => {
    const spec = child(object, 'spec')
    fill(spec, 'replicas', 1)
    defaultTemplate(spec)
    const strategy = child(spec, 'strategy')
    fill(strategy, 'type', 'RollingUpdate')
    if (strategy.type === 'RollingUpdate') {
      const rolling = child(strategy, 'rollingUpdate')
      fill(rolling, 'maxUnavailable', '25%')
      fill(rolling, 'maxSurge', '25%')
    }
    fill(spec, 'revisionHistoryLimit', 10)
    fill(spec, 'progressDeadlineSeconds', 600)
  },
  validate: (object) => deploymentProblems(object),
  validateUpdate: (object, old) => [...deploymentProblems(object), ...selectorKept(object, old)],
  validateStatus: deploymentCounts,
}

export const replicaSetStrategy: Strategy = {
  ...withGeneration(workload),
  defaults: (object) => {
    const spec = child(object, 'spec')
    fill(spec, 'replicas', 1)
    defaultTemplate(spec)
  },
  validate: (object) => workloadProblems(object, 'replica set'),
  validateStatus: replicaSetCounts,
  validateUpdate: (object, old) => [
    ...workloadProblems(object, 'replica set'),
    ...selectorKept(object, old),
  ],
}

export const statefulSetStrategy: Strategy = {
  ...withGeneration(workload),
  checkName: labelName,
  defaults: (object) => {
    const spec = child(object, 'spec')
    fill(spec, 'replicas', 1)
    defaultTemplate(spec)
    fill(spec, 'podManagementPolicy', 'OrderedReady')
    fill(spec, 'revisionHistoryLimit', 10)
    fill(spec, 'persistentVolumeClaimRetentionPolicy', {
      whenDeleted: 'Retain',
      whenScaled: 'Retain',
    })
    const strategy = child(spec, 'updateStrategy')
    fill(strategy, 'type', 'RollingUpdate')
    if (strategy.type === 'RollingUpdate') fill(child(strategy, 'rollingUpdate'), 'partition', 0)
    for (const claim of objectsOf(spec.volumeClaimTemplates)) {
      fill(child(claim, 'spec'), 'volumeMode', 'Filesystem')
      fill(child(claim, 'status'), 'phase', 'Pending')
      claim.apiVersion = 'v1'
      claim.kind = 'PersistentVolumeClaim'
    }
  },
  validate: (object) => workloadProblems(object, 'statefulset'),
  validateUpdate: (object) => workloadProblems(object, 'statefulset'),
}

export const templateGeneration = 'deprecated.daemonset.template.generation'
const daemonSets = withGeneration(workload)

function remember({ metadata }: Stored, generation: Value): void {
  metadata.annotations = { ...asObject(metadata.annotations), [templateGeneration]: generation }
}

export const daemonSetStrategy: Strategy = {
  ...daemonSets,
  prepareCreate: (object, machine, dryRun) => {
    daemonSets.prepareCreate(object, machine, dryRun)
    child(object.metadata, 'annotations')[templateGeneration] = '1'
  },
  prepareUpdate: (object, old, machine) => {
    daemonSets.prepareUpdate(object, old, machine)
    const before = Number(at(old, 'metadata', 'annotations', templateGeneration) ?? 1)
    const changed = !equal(at(object, 'spec', 'template'), at(old, 'spec', 'template'))
    remember(object, String(before + (changed ? 1 : 0)))
  },
  prepareStatus: (object, old, machine) => {
    daemonSets.prepareStatus(object, old, machine)
    const before = at(old, 'metadata', 'annotations', templateGeneration)
    if (before !== undefined) remember(object, before)
  },
  defaults: (object) => {
    const spec = child(object, 'spec')
    // Written by hand once, and a field of its own inside the server ever since.
    fill(child(object.metadata, 'annotations'), templateGeneration, '0')
    defaultTemplate(spec)
    fill(spec, 'revisionHistoryLimit', 10)
    const strategy = child(spec, 'updateStrategy')
    fill(strategy, 'type', 'RollingUpdate')
    if (strategy.type !== 'RollingUpdate') return
    const rolling = child(strategy, 'rollingUpdate')
    fill(rolling, 'maxUnavailable', 1)
    fill(rolling, 'maxSurge', 0)
  },
  validate: (object) => workloadProblems(object, 'daemonset'),
  validateUpdate: (object, old) => [
    ...workloadProblems(object, 'daemonset'),
    ...selectorKept(object, old),
  ],
}

export const replicationControllerStrategy: Strategy = {
  ...withGeneration(workload),
  orphansByDefault: true,
  checkName: subdomainName,
  defaults: (object) => {
    const spec = child(object, 'spec')
    fill(spec, 'replicas', 1)
    if (isObject(spec.template)) defaultTemplate(spec)
    const labels = asObject(at(spec, 'template', 'metadata', 'labels'))
    if (labels === undefined) return
    if (Object.keys(asObject(spec.selector) ?? {}).length === 0) spec.selector = { ...labels }
    if (Object.keys(asObject(object.metadata.labels) ?? {}).length === 0) {
      object.metadata.labels = { ...labels }
    }
  },
  validate: controllerProblems,
  validateStatus: replicaSetCounts,
  validateUpdate: controllerProblems,
}

function controllerProblems(object: Stored): Problem[] {
  const spec = asObject(object.spec) ?? {}
  const selector = asObject(spec.selector) ?? {}
  const problems = countProblems(spec)
  if (Object.keys(selector).length === 0) problems.push(problem.required('spec.selector'))
  if (!isObject(spec.template)) return [...problems, problem.required('spec.template')]
  return [...problems, ...templateProblems(spec, { matchLabels: selector })]
}

function deploymentProblems(object: Stored): Problem[] {
  const spec = asObject(object.spec) ?? {}
  const problems = workloadProblems(object, 'deployment')
  problems.push(...rollingProblems(asObject(spec.strategy) ?? {}))
  const deadline = asNumber(spec.progressDeadlineSeconds)
  if (deadline !== undefined) {
    const field = 'spec.progressDeadlineSeconds'
    if (deadline < 0) problems.push(atLeastZero(field, deadline))
    if (deadline <= (asNumber(spec.minReadySeconds) ?? 0)) {
      problems.push(problem.invalid(field, deadline, 'must be greater than minReadySeconds'))
    }
  }
  return problems
}

function rollingProblems(strategy: Obj): Problem[] {
  const field = 'spec.strategy'
  const type = asString(strategy.type) ?? ''
  if (type === 'Recreate') {
    if (strategy.rollingUpdate === undefined) return []
    const rule = "may not be specified when strategy `type` is 'Recreate'"
    return [problem.forbidden(`${field}.rollingUpdate`, rule)]
  }
  if (type !== 'RollingUpdate') {
    return [problem.unsupported(field, strategy, ['Recreate', 'RollingUpdate'])]
  }
  const rolling = asObject(strategy.rollingUpdate) ?? {}
  const problems = ['maxUnavailable', 'maxSurge'].flatMap((name) =>
    shareProblems(rolling[name] ?? 0, `${field}.rollingUpdate.${name}`),
  )
  if (problems.length === 0 && isNone(rolling.maxUnavailable) && isNone(rolling.maxSurge)) {
    const rule = 'may not be 0 when `maxSurge` is 0'
    const value = rolling.maxUnavailable ?? 0
    problems.push(problem.invalid(`${field}.rollingUpdate.maxUnavailable`, value, rule))
  }
  return problems
}

function isNone(share: Value | undefined): boolean {
  return share === undefined || share === 0 || share === '0%'
}

function shareProblems(value: Value, field: string): Problem[] {
  if (typeof value === 'number') return value < 0 ? [atLeastZero(field, value)] : []
  if (/^[0-9]+%$/.test(String(value))) return []
  const rule =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
  return [problem.invalid(field, value, rule)]
}

function countProblems(spec: Obj): Problem[] {
  return ['replicas', 'minReadySeconds', 'revisionHistoryLimit'].flatMap((name) => {
    const value = asNumber(spec[name]) ?? 0
    return value < 0 ? [atLeastZero(`spec.${name}`, value)] : []
  })
}

function workloadProblems(object: Stored, kind: string): Problem[] {
  const spec = asObject(object.spec) ?? {}
  const problems = countProblems(spec)
  const selector = asObject(spec.selector)
  if (selector === undefined) problems.push(problem.required('spec.selector'))
  else if (isEmptySelector(selector)) {
    problems.push(
      problem.invalid('spec.selector', selector, `empty selector is invalid for ${kind}`),
    )
  } else {
    const labels = asObject(selector.matchLabels) ?? {}
    problems.push(...labelProblems(labels, 'spec.selector.matchLabels'))
  }
  return [...problems, ...templateProblems(spec, selector)]
}

function templateProblems(spec: Obj, selector: Obj | undefined): Problem[] {
  const field = 'spec.template'
  const given = asObject(at(spec, 'template', 'metadata', 'labels'))
  const labels = given ?? {}
  const problems: Problem[] = []
  // A selector that is not there selects nothing, an empty one everything.
  if (selector === undefined || (!isEmptySelector(selector) && !selects(selector, labels))) {
    const rule = '`selector` does not match template `labels`'
    problems.push(problem.invalid(`${field}.metadata.labels`, given ?? null, rule))
  }
  problems.push(...labelProblems(labels, `${field}.metadata.labels`))
  const pod = asObject(at(spec, 'template', 'spec')) ?? {}
  problems.push(...podSpecProblems(pod, `${field}.spec`))
  if (pod.restartPolicy !== 'Always') {
    const value = pod.restartPolicy ?? ''
    problems.push(problem.unsupported(`${field}.spec.restartPolicy`, value, ['Always']))
  }
  return problems
}

function selectorKept(object: Stored, old: Stored): Problem[] {
  const now = asObject(object.spec)?.selector
  if (now === undefined || equal(now, asObject(old.spec)?.selector)) return []
  return [problem.invalid('spec.selector', now, 'field is immutable')]
}
