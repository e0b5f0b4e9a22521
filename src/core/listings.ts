/**
 * Whom Services list, and since when: gateways hear of endpoints on another way than of routes, and later than the slices
 * say. What counts is whose pods are listed, not how many: a pod that comes and goes changes nothing about where traffic
 * may be sent, the first of a workload and the last one of another do.
 */
import { entry } from './entry.ts'
import type { App } from './model/app.ts'
import type { Memo } from './model/notebook.ts'
import type { Observed } from './observed.ts'
import type { Instant } from './time.ts'
import type { Follows } from './traffic/follows.ts'
import type { RouteReading } from './traffic/router.ts'

/** For each Service of the app, whose pods it lists and since when, as far as this process saw. */
export function listingsSince(observed: Observed, now: Instant): Memo['listings'] {
  const { app, memo } = observed
  return [...new Set(Object.values(app.services))].map((service) => {
    const token = signOf(observed, service)
    const known = memo?.listings.find((one) => one.service === service)
    return known?.token === token ? known : { service, token, at: now }
  })
}

function signOf({ listings, endpoints }: Observed, service: string): string {
  const counted = Object.entries(entry(endpoints, service) ?? {})
  const behind =
    entry(listings, service) ?? counted.flatMap(([name, count]) => (count > 0 ? [name] : []))
  return [...behind].sort().join(' ')
}

/**
 * How long whoever balances follows behind, as a rule and at worst. Where no route is accepted, that is what is waited for
 * anyway. Whoever says how long it takes says both, unless he says otherwise.
 */
export function followTimes({ traffic }: App, reading: RouteReading): Required<Follows> {
  const isAccepted = reading.kind === 'read' && reading.acceptance.kind === 'accepted'
  const own: Follows = isAccepted ? reading.acceptance : { settleMs: 0 }
  const settleMs = traffic.settleMs ?? own.settleMs
  const drainMs = traffic.drainMs ?? traffic.settleMs ?? own.drainMs ?? 0
  return { settleMs, drainMs: Math.max(settleMs, drainMs) }
}
