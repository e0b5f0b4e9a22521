/** Which records nobody needs any more: a ledger that only grows would fill the cluster. */
import type { Instant } from '#core/time.ts'
import type { Experiment } from './experiment.ts'
import { isOver } from './ledger.ts'
import { versionOf } from './plan.ts'

/** Much longer than anybody repeats an event. */
const keptMs = 30 * 24 * 3_600_000
/** Of each service, so many that ended stay however old they are. */
const keptAnyway = 20

/** Records of experiments that ended long ago, of one service; the newest ones always stay. */
export function expired(records: readonly Experiment[], now: Instant): readonly Experiment[] {
  return records
    .filter(({ spec, status }) => isOver(spec.state) && isTold(status?.phase))
    .toSorted((one, other) => versionOf(other) - versionOf(one))
    .slice(keptAnyway)
    .filter((record) => now - versionOf(record) / 1000 > keptMs)
}

function isTold(phase: string | undefined): boolean {
  return phase === 'Concluded' || phase === 'Discarded'
}
