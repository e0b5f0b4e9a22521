/** What a step of a plan is: where it wants weight and pods, and when it is done. One file for each kind. */
import { unreachable } from '../assert.ts'
import type { Step } from '../model/app.ts'
import type { Trial } from '../model/notebook.ts'
import type { Waiting } from '../move/waiting.ts'
import type { Pass } from '../pass.ts'
import { analysisOutcome } from './analysis.ts'
import { pauseOutcome } from './pause.ts'

/** Undefined when the step is done; asked only when its weight and pods are in place. */
export type Outcome = Waiting | undefined

export function outcomeOf(step: Step, pass: Pass, trial: Trial): Outcome {
  switch (step.kind) {
    case 'weight':
    case 'replicas':
      return undefined
    case 'pause':
      return pauseOutcome(step, pass, trial)
    case 'analysis':
      return analysisOutcome(step.metrics, trial.stepStartedAt, pass)
    default:
      return unreachable(step)
  }
}

/** Whether a step can wait for a person, so that a person may end it. */
export function waits(step: Step): boolean {
  return step.kind === 'pause' || step.kind === 'analysis'
}

export type Position = { readonly weight: number; readonly replicas: number | undefined }

/** Where the steps up to and including an index leave the candidate. */
export function positionAt(steps: readonly Step[], index: number): Position {
  let position: Position = { weight: 0, replicas: undefined }
  for (const step of steps.slice(0, index + 1)) {
    if (step.kind === 'weight') position = { weight: step.weight, replicas: step.replicas }
    if (step.kind === 'replicas') position = { ...position, replicas: step.replicas }
  }
  return position
}
