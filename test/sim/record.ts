/** What a release's status records, in the few words the simulator needs: the one place that knows the status' shape. */
import type { Release, ReleaseStatus, TrialStatus } from '#core/api/release.ts'

export type Recorded = {
  /** Empty before the first version serves. */
  readonly stable: string
  readonly trials: readonly TrialStatus[]
  /** Revisions that failed and are remembered for it. */
  readonly failed: readonly string[]
  readonly isPaused: boolean
  readonly decisions: NonNullable<ReleaseStatus['decisions']>
  readonly measurements: NonNullable<ReleaseStatus['measurements']>
}

const nothing: Recorded = {
  stable: '',
  trials: [],
  failed: [],
  isPaused: false,
  decisions: [],
  measurements: [],
}

export function recordOf(release: Release | undefined): Recorded {
  const status = release?.status
  if (status === undefined) return nothing
  return {
    stable: status.stable?.revision ?? '',
    trials: status.trials ?? [],
    failed: (status.failed ?? []).map(({ revision }) => revision),
    isPaused: status.paused !== undefined,
    decisions: status.decisions ?? [],
    measurements: status.measurements ?? [],
  }
}

/** The trial of a canary: the only one there can be. */
export function trialOf(release: Release | undefined): TrialStatus | undefined {
  return recordOf(release).trials[0]
}
