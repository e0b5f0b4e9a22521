/** S11: status is bounded, whatever metrics return. */
import type { Release } from '#core/api/release.ts'
import type { Invariant } from './invariant.ts'

const mostBytes = 64 * 1024

export const s11: Invariant = {
  id: 'S11',
  says: 'status stays below 64 KiB',
  write: ({ cause, shelf, after }) => {
    if (!cause.ours || shelf !== 'releases' || after === undefined) return undefined
    const bytes = Buffer.byteLength(JSON.stringify((after as Release).status ?? {}))
    return bytes <= mostBytes ? undefined : `status has ${bytes} bytes`
  },
}
