/** What the counts in a workload's status may say of one another. */
import { asNumber, asObject } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import type { Stored } from '../../resource.ts'
import { atLeastZero } from './pod-validate.ts'

/** Checks counts that must not be negative, and parts that must not be greater than `replicas`. */
function countsOf(counts: readonly string[], parts: readonly string[]) {
  return (object: Stored): Problem[] => {
    const status = asObject(object.status) ?? {}
    const count = (name: string): number => asNumber(status[name]) ?? 0
    const greater = (name: string, than: string): Problem =>
      problem.invalid(`status.${name}`, count(name), `cannot be greater than ${than}`)
    const problems = counts
      .filter((name) => count(name) < 0)
      .map((name) => atLeastZero(`status.${name}`, count(name)))
    for (const name of parts) {
      if (count(name) > count('replicas')) problems.push(greater(name, 'status.replicas'))
    }
    if (count('availableReplicas') > count('readyReplicas')) {
      problems.push(greater('availableReplicas', 'readyReplicas'))
    }
    return problems
  }
}

export const deploymentCounts = countsOf(
  [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'collisionCount',
  ],
  ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
)

export const replicaSetCounts = countsOf(
  ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'],
  ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
)
