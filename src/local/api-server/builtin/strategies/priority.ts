/** PriorityClasses: a number under a name, which never changes. */
import { asNumber, asString } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { base, withGeneration } from './base.ts'
import { fill } from './pod-defaults.ts'

const mostOfUsers = 1_000_000_000
const system: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

/** The two that every cluster has. */
export const systemClasses = [
  {
    name: 'system-node-critical',
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    name: 'system-cluster-critical',
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
].map(({ name, description }) => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value: system[name] ?? 0,
  description,
}))

export const priorityStrategy: Strategy = {
  ...withGeneration(base, ['value']),
  defaults: (object) => fill(object, 'preemptionPolicy', 'PreemptLowerPriority'),
  validate: problemsOf,
  validateUpdate: (object, old) => [
    ...problemsOf(object),
    ...(object.value === old.value
      ? []
      : [problem.forbidden('value', 'may not be changed in an update.')]),
    ...(object.preemptionPolicy === old.preemptionPolicy
      ? []
      : [problem.invalid('preemptionPolicy', object.preemptionPolicy ?? '', 'field is immutable')]),
  ],
}

function problemsOf(object: Stored): Problem[] {
  const policy = asString(object.preemptionPolicy) ?? ''
  const policies = ['Never', 'PreemptLowerPriority']
  return [
    ...valueProblems(object),
    ...(policies.includes(policy)
      ? []
      : [problem.unsupported('preemptionPolicy', policy, policies.toReversed())]),
  ]
}

function valueProblems({ metadata, value, globalDefault }: Stored): Problem[] {
  const name = asString(metadata.name) ?? ''
  if (name.startsWith('system-')) {
    const why = systemProblem(name, asNumber(value) ?? 0, globalDefault === true)
    const said = `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`
    return why === undefined ? [] : [problem.forbidden('metadata.name', said)]
  }
  if ((asNumber(value) ?? 0) <= mostOfUsers) return []
  const said = `maximum allowed value of a user defined priority is ${mostOfUsers}`
  return [problem.forbidden('value', said)]
}

function systemProblem(name: string, value: number, isDefault: boolean): string | undefined {
  const wanted = system[name]
  if (wanted === undefined) return `${name} is not a known system priority class`
  if (value !== wanted) return `value of ${name} PriorityClass must be ${wanted}`
  return isDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}
