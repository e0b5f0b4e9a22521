/** `strategy.canary`: steps of weight and pause, split between two ReplicaSets under fixed names. */
import type { Notes } from '#core/api/notes.ts'
import { plainPromotion, type Step } from '#core/model/app.ts'
import { readAnalysis } from './analysis.ts'
import { named, noted } from './noted.ts'
import type { Part, Reading } from './part.ts'
import { seats } from './part.ts'
import type { CanaryStrategy } from './rollout.ts'

const path = 'spec.strategy.canary'
const role = 'canary'

/** One engine step of a Rollout's step: `of` is the index that its people count by. */
export type Counted = { readonly step: Step; readonly of: number }

/**
 * The steps as the engine takes them. A weight of 100 completes at once, whatever comes after it; a pause without weight
 * stays at the weight before.
 */
export function countedSteps({ steps = [] }: CanaryStrategy, notes: Notes): readonly Counted[] {
  const last = steps.findIndex(({ setWeight }) => setWeight === 100)
  const counting = last < 0 ? steps : steps.slice(0, last)
  return counting.flatMap(({ setWeight, pause }, of): Counted[] => {
    const at = `${path}.steps[${of}]`
    if (setWeight === undefined && pause === undefined)
      notes.add(at, 'must have setWeight, pause or both')
    const weight = setWeight ?? 0
    if (!Number.isInteger(weight) || weight < 0 || weight > 100)
      notes.add(`${at}.setWeight`, `${weight} is no weight; write a whole number from 0 to 100`)
    const durationMs = noted(notes, `${at}.pause.duration`, pause?.duration)
    return [
      ...(setWeight === undefined
        ? []
        : [{ of, step: { kind: 'weight', weight, replicas: undefined } } as const]),
      ...(pause === undefined ? [] : [{ of, step: { kind: 'pause', durationMs } } as const]),
    ]
  })
}

/** The index that completion has: that of the weight of 100, else one past the last. */
export function finalIndex({ steps = [] }: CanaryStrategy): number {
  const last = steps.findIndex(({ setWeight }) => setWeight === 100)
  return last < 0 ? steps.length : last
}

export function readCanary(given: CanaryStrategy, reading: Reading): Part {
  const { notes, name, address } = reading
  const stable = named(notes, `${path}.stableService`, given.stableService)
  const canary = named(notes, `${path}.canaryService`, given.canaryService)
  if (stable === canary)
    notes.add(path, 'stableService and canaryService must be two different Services')
  if ((given.steps ?? []).length === 0) notes.add(`${path}.steps`, 'must have at least one step')
  const steps = countedSteps(given, notes).map(({ step }) => step)
  const asking = { path: `${path}.analysis`, address, mayBeIdle: false }
  return {
    plan: {
      strategy: 'canary',
      candidates: [{ role, own: undefined, steps, command: undefined }],
      promotion: plainPromotion,
      split: true,
      firstInstall: 'steps',
    },
    services: { stable, [role]: canary },
    seats: seats({ stable: 'stable', [role]: 'canary' }, name),
    port: given.port ?? 80,
    route: given.trafficRouting?.gatewayAPI?.httpRoute,
    analysis: readAnalysis(given.analysis, asking, notes),
    path,
  }
}
