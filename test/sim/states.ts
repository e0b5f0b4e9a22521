/** Where a release stands, in the words of plan.ts. */
import type { Release } from '#core/api/release.ts'
import type { ReleaseStep } from '#core/api/strategy/canary.ts'
import type { Strategy } from '#core/model/app.ts'
import type { State } from './plan.ts'
import { recordOf } from './record.ts'
import { courses } from './stories/register.ts'

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
  if (release.status?.reason?.type === 'WaitingForCommand') return 'approving'
  const step = stepsOf(release)[trial.step]
  if (step?.pause !== undefined) return typeof step.pause === 'string' ? 'pausing' : 'approving'
  return step?.analysis === undefined ? 'weighing' : 'analysing'
}

/** The steps of a release as its status counts them. */
export function stepsOf(release: Release): readonly ReleaseStep[] {
  const [strategy] = Object.keys(release.spec.strategy)
  return courses[strategy as Strategy]?.stepsOf(release) ?? []
}
