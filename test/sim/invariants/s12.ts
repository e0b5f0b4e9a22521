/** S12: secrets appear nowhere but where people put them. */
import type { Release } from '#core/api/release.ts'
import type { Invariant } from './invariant.ts'

/** Stands in every pod template and in what a provider says; never in what we say. */
export const secretToken = 'canary-in-the-coal-mine-7f3a'

export const s12: Invariant = {
  id: 'S12',
  says: 'no secret in status, Events, logs or errors',
  write: ({ cause, shelf, after }) => {
    if (!cause.ours || after === undefined) return undefined
    const told = shelf === 'releases' ? (after as Release).status : shelf === 'events' ? after : {}
    return JSON.stringify(told ?? {}).includes(secretToken)
      ? `a secret stands in ${shelf}`
      : undefined
  },
  said: (text) =>
    text.includes(secretToken) ? `a secret is told: ${text.slice(0, 60)}` : undefined,
}
