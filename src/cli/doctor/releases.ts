/** How the releases are, with those that wait for somebody. */
import type { Entry } from '#releases/entry.ts'
import { fullName } from '#releases/entry.ts'
import { phaseOf, reasonOf } from '#releases/facts.ts'
import { outcomeOf } from '#releases/outcome.ts'
import { type Check, ok, warning } from './finding.ts'

/** More of them are only counted. */
const mostNamed = 20

export const releases: Check = {
  name: 'releases',
  examine: async ({ entries }) => {
    const stuck = entries.filter((entry) => isStuck(entry))
    const findings = stuck.slice(0, mostNamed).map((entry) => {
      const { type, message } = reasonOf(entry)
      return warning(
        `${fullName(entry)} in ${entry.namespace}`,
        `${type}: ${message}`,
        `headgate explain ${fullName(entry)} -n ${entry.namespace}`,
      )
    })
    const more = stuck.length - findings.length
    return [
      ...findings,
      ok(
        'all releases',
        `${entries.length} there, ${countsOf(entries)}${more > 0 ? `; ${more} more wait for somebody` : ''}`,
      ),
    ]
  },
}

/** What cannot be read has no outcome yet, and never will. */
function isStuck(entry: Entry): boolean {
  return entry.problems.length > 0 || outcomeOf(entry) === 'degraded'
}

function countsOf(entries: readonly Entry[]): string {
  const counts = Map.groupBy(entries, phaseOf)
  return [...counts].map(([phase, all]) => `${all.length} ${phase}`).join(', ') || 'none'
}
