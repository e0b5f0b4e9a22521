/** A step in words. */
import { unreachable } from '../assert.ts'
import type { Match, Step } from '../model/app.ts'
import { formatDuration } from '../time.ts'

/** `weight 20`, `pause 5m`, `pause until promoted`, `analysis of errors, latency`, `3 pods`. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'weight':
      return step.replicas === undefined
        ? `weight ${step.weight}`
        : `weight ${step.weight} on ${step.replicas} pods`
    case 'replicas':
      return `${step.replicas} pods`
    case 'pause':
      return step.durationMs === undefined
        ? 'pause until promoted'
        : `pause ${formatDuration(step.durationMs)}`
    case 'match':
      return `requests with ${step.matches.map(describeMatch).join(' or ')}`
    case 'analysis':
      return `analysis of ${step.metrics.join(', ')}`
    case 'gate':
      return `gate ${step.gates.map(({ name }) => name).join(', ')}`
    case 'judge':
      return 'the judgement of the experiment'
    default:
      return unreachable(step)
  }
}

function describeMatch(match: Match): string {
  return match.kind === 'cookie'
    ? `cookie ${match.name}=${match.value}`
    : `header ${match.name} ${match.regex ? 'like' : 'equal to'} ${match.value}`
}
