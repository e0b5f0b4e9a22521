/** Where a release stands, in the words of plan.ts. */
import type { Release } from '#core/api/release.ts'
import type { ReleaseStep } from '#core/api/strategy/canary.ts'
import type { State } from './plan.ts'
import { recordOf } from './record.ts'

export function stateOf(release: Release | undefined): State | undefined {
  if (release === undefined) return undefined
  if (release.metadata.deletionTimestamp !== undefined) return 'retiring'
  const { stable, trials, failed, isPaused } = recordOf(release)
  const [trial] = trials
  if (stable === '') return 'installing'
  if (trial === undefined) return failed.length === 0 ? 'serving' : 'failed'
  if (trial.stage === 'retreating') return 'retreating'
  if (trial.stage !== 'steps') return 'promoting'
  if (isPaused) return 'held'
  const step = stepsOf(release)[trial.step]
  if (step?.pause !== undefined) return typeof step.pause === 'string' ? 'pausing' : 'approving'
  return step?.analysis === undefined ? 'weighing' : 'analysing'
}

/** The steps of a canary; none for other strategies. */
export function stepsOf({ spec }: Release): readonly ReleaseStep[] {
  return spec.strategy.canary?.steps ?? []
}
