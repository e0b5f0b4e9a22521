/** What a step of a plan is: where it wants weight and pods, and when it is done. One file for each kind. */
import { unreachable } from '../assert.ts'
import type { Match, Step } from '../model/app.ts'
import type { Trial } from '../model/notebook.ts'
import type { Waiting } from '../move/waiting.ts'
import type { Pass } from '../pass.ts'
import { analysisOutcome } from './analysis.ts'
import { gateOutcome } from './gate.ts'
import { judgeOutcome } from './judge.ts'
import { pauseOutcome } from './pause.ts'

/** Undefined when the step is done; asked only when its weight and pods are in place. */
export type Outcome = Waiting | undefined

export function outcomeOf(step: Step, pass: Pass, trial: Trial): Outcome {
  switch (step.kind) {
    case 'weight':
    case 'replicas':
    case 'match':
      return undefined
    case 'pause':
      return pauseOutcome(step, pass, trial)
    case 'analysis':
      return analysisOutcome(step.metrics, trial.stepStartedAt, trial, pass)
    case 'gate':
      return gateOutcome(step, pass, trial)
    case 'judge':
      return judgeOutcome(pass, trial)
    default:
      return unreachable(step)
  }
}

/** Whether a step can wait for a person, so that a person may end it. */
export function waits(step: Step): boolean {
  return ['pause', 'analysis', 'gate', 'judge'].includes(step.kind)
}

/** Where a candidate stands: its share of all traffic, the requests that are its own, and its pods. */
export type Position = {
  readonly weight: number
  readonly matches: readonly Match[]
  readonly replicas: number | undefined
}

/** Where the steps up to and including an index leave a candidate. */
export function positionAt(steps: readonly Step[], index: number): Position {
  let position: Position = { weight: 0, matches: [], replicas: undefined }
  for (const step of steps.slice(0, index + 1)) {
    if (step.kind === 'weight')
      position = { ...position, weight: step.weight, replicas: step.replicas }
    if (step.kind === 'match') position = { ...position, matches: step.matches }
    if (step.kind === 'replicas') position = { ...position, replicas: step.replicas }
  }
  return position
}
