/** S8: every write has a precondition, counts once, and comes from whoever leads; own writes are not decided against. */
import type { Release } from '#core/api/release.ts'
import type { FaultKind } from '../plan.ts'
import type { Cause } from '../truth.ts'
import type { About } from '../wire-request.ts'
import { type Invariant, type Scene, shop } from './invariant.ts'

export const s8: Invariant = {
  id: 'S8',
  says: 'each write has a precondition and one effect, whoever else lives',
  sent: (cause, about, scene) => {
    if (about.plural === 'leases' || about.plural === 'events') return undefined
    return unguarded(cause, about) ?? forgetful(cause, about, scene) ?? usurping(cause, scene)
  },
  write: (write) => {
    if (!write.cause.ours || write.shelf !== 'releases' || write.key !== shop) return undefined
    const ids = ((write.after as Release | undefined)?.status?.decisions ?? []).flatMap(
      ({ actionId }) => actionId ?? [],
    )
    const twice = ids.find((id, index) => ids.indexOf(id) !== index)
    return twice === undefined ? undefined : `the command ${twice} counts twice`
  },
}

type Operation = { readonly op: string; readonly path: string; readonly value?: unknown }

function unguarded({ method, body }: Cause, { plural, name }: About): string | undefined {
  if (method === 'POST') return undefined
  const where = `${method} ${plural} ${name}`
  if (method === 'DELETE') {
    return /"preconditions":\{[^}]*"uid":"/.test(body) ? undefined : `${where} names no uid`
  }
  const tested = testsOf(body)
  const guards = ['/metadata/resourceVersion', '/metadata/uid']
  return tested.some(({ path }) => guards.includes(path))
    ? undefined
    : `${where} has no precondition`
}

function testsOf(body: string): readonly Operation[] {
  try {
    const parsed = JSON.parse(body) as readonly Operation[]
    return Array.isArray(parsed) ? parsed.filter(({ op }) => op === 'test') : []
  } catch {
    return []
  }
}

const excused: readonly FaultKind[] = ['lost-events', 'time-travel', 'refused', 'timed-out']

/** A decision on something older than one's own last write. */
function forgetful(cause: Cause, about: About, { lastOwn, struck }: Scene): string | undefined {
  // A server that leaves events out, or falls back into its past, cannot be seen through before the next list; and where it
  // slows the client down, the writes of one pass leave one after another.
  if (struck.some(({ fault }) => excused.includes(fault))) return undefined
  if (about.shelf === undefined || cause.method !== 'PATCH') return undefined
  const last = lastOwn(cause.actor, about.shelf, `default/${about.name}`)
  const tested = testsOf(cause.body).find(({ path }) => path === '/metadata/resourceVersion')
  if (last === undefined || tested === undefined || Number(tested.value) >= last) return undefined
  return `${about.plural} ${about.name} is written on version ${String(tested.value)}, older than its own ${last}`
}

/** Writes that leave after another instance was seen to hold the lease. */
function usurping({ actor, issuedAt }: Cause, { lostLeaseAt, struck }: Scene): string | undefined {
  // With clocks at other rates leases overlap: then the preconditions alone have to do.
  if (struck.some(({ fault, variant }) => fault === 'clock' && variant % 6 > 3)) return undefined
  const lost = lostLeaseAt(actor)
  return lost === undefined || issuedAt <= lost ? undefined : `${actor} writes after another leads`
}
