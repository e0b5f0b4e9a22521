/**
 * What we have seen of a lease, and for how long it has not changed: all that tells whether its
 * holder is alive.
 */
import { fingerprint, holderOf, type Lease, validityOf } from './lease-record.ts'
import type { Clock } from './ports.ts'
import { isOlder } from './versions.ts'

export type LeaseView = {
  readonly last: () => Lease | undefined
  /** What a read or our own write answered; undefined for none. */
  readonly observe: (lease: Lease | undefined) => void
  /** What the watch says, which may lag behind what was read. */
  readonly hear: (lease: Lease | undefined) => void
  /** Milliseconds until its holder counts as gone; 0 when it is free, ours, or unknown. */
  readonly remainingMs: () => number
}

export function leaseView(clock: Clock, identity: string, durationMs: number): LeaseView {
  let seen: { readonly lease: Lease; readonly print: string; readonly since: number } | undefined

  const observe = (lease: Lease | undefined): void => {
    if (lease === undefined) {
      seen = undefined
      return
    }
    const print = fingerprint(lease)
    if (print !== seen?.print) seen = { lease, print, since: clock.monotonic() }
  }
  const versionOf = (lease: Lease | undefined): string => lease?.metadata.resourceVersion ?? ''

  return {
    last: () => seen?.lease,
    observe,
    hear: (lease) => {
      if (lease !== undefined && !isOlder(versionOf(lease), versionOf(seen?.lease))) observe(lease)
      // A lease that is gone is noticed by the next attempt; hearing of it late must not forget a
      // newer one.
    },
    remainingMs: () => {
      if (seen === undefined) return 0
      const holder = holderOf(seen.lease)
      if (holder === '' || holder === identity) return 0
      return Math.max(0, seen.since + validityOf(seen.lease, durationMs) - clock.monotonic())
    },
  }
}
