/** A step in words. */
import { unreachable } from '../assert.ts'
import type { Step } from '../model/app.ts'
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
    case 'analysis':
      return `analysis of ${step.metrics.join(', ')}`
    default:
      return unreachable(step)
  }
}
