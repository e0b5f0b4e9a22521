/** Leases as checks look at them: whose they are, and whether somebody still renews them. */
import { kinds } from '#core/k8s/kinds.ts'
import { parseInstant } from '#core/time.ts'
import type { Cluster } from '#kube/cluster.ts'
import { holderOf, type Lease, validityOf } from '#kube/lease-record.ts'
import { orUndefined } from '#releases/entry.ts'

export type Seen = {
  /** Empty where nobody holds it. */
  readonly holder: string
  /** How long ago it was renewed; undefined where it never was. */
  readonly agoMs: number | undefined
  /** How long it lasts after that. */
  readonly lastsMs: number
}

const usualMs = 15_000

/** Undefined where it is not to be seen. */
export async function leaseAt(
  cluster: Cluster,
  at: { readonly namespace: string; readonly name: string },
): Promise<Lease | undefined> {
  return await orUndefined(cluster.get<Lease>(kinds.lease, at))
}

/** Those by which a controller of ours leads, wherever it has its own. */
export async function ownLeases(cluster: Cluster): Promise<readonly Lease[]> {
  const asked = { fieldSelector: 'metadata.name=headgate' }
  return (await orUndefined(cluster.list<Lease>(kinds.lease, asked)))?.items ?? []
}

export function seenAt(lease: Lease, now: number): Seen {
  const renewed = parseInstant(lease.spec?.renewTime)
  return {
    holder: holderOf(lease),
    agoMs: renewed === undefined ? undefined : now - renewed,
    lastsMs: validityOf(lease, usualMs),
  }
}

/** Somebody holds it and has renewed it as he has to. */
export function isHeld(
  { holder, agoMs, lastsMs }: Seen,
  { withinMs = lastsMs }: { readonly withinMs?: number } = {},
): boolean {
  return holder !== '' && agoMs !== undefined && agoMs <= withinMs
}
