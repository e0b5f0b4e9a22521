/** Whether a program that a door stands in for still runs beside it. */
import { kinds } from '#core/k8s/kinds.ts'
import type { Door } from '#doors/door.ts'
import { accessReviews } from '#http/may.ts'
import { holderOf } from '#kube/lease-record.ts'
import { orUndefined } from '#releases/entry.ts'
import { accountOf } from './account.ts'
import { type Check, type Examined, type Finding, ok, warning, wrong } from './finding.ts'
import { isHeld, leaseAt, ownLeases, seenAt } from './leases.ts'

/** Leases are renewed every few seconds; an older word is that of a program that is gone. */
const freshMs = 60_000

export const formers: Check = {
  name: 'former controllers',
  examine: async (examined) => {
    const found = await Promise.all(
      examined.doors.flatMap(({ name, lease }) =>
        lease === undefined ? [] : [findingsOf(examined, name, lease)],
      ),
    )
    return found.flat()
  },
}

type FormerLease = NonNullable<Door['lease']>

async function findingsOf(
  examined: Examined,
  door: string,
  lease: FormerLease,
): Promise<readonly Finding[]> {
  const { cluster, now } = examined
  const about = `Lease ${lease.namespace}/${lease.name}`
  const refused = await refusedRight(examined, lease)
  if (refused !== undefined)
    return [
      wrong(
        about,
        `the door ${door} stands by: the controller may not ${refused} it`,
        `add the component former-${door} (deploy/kustomize/cluster/former-${door})`,
      ),
    ]
  const there = await leaseAt(cluster, lease)
  if (there === undefined || !isHeld(seenAt(there, now), { withinMs: freshMs })) return []
  const holder = holderOf(there)
  // Whoever leads holds both leases under one name.
  if ((await ownLeases(cluster)).some((own) => holderOf(own) === holder))
    return [ok(about, `held by us, so that what the door ${door} stands in for stands by`)]
  return [
    warning(
      about,
      `${holder} holds it: the program that the door ${door} stands in for still acts`,
      'scale it to 0; until then its releases are left to it',
    ),
  ]
}

/** Where its namespace is, our leader has to hold the lease, too. */
async function refusedRight(
  { cluster, installed }: Examined,
  { namespace, name }: FormerLease,
): Promise<string | undefined> {
  if (installed === undefined) return undefined
  if ((await orUndefined(cluster.get(kinds.namespace, { name: namespace }))) === undefined)
    return undefined
  const may = accessReviews(cluster)
  for (const verb of ['get', 'update']) {
    const deed = { verb, group: kinds.lease.group, resource: kinds.lease.plural, namespace, name }
    if (!(await may(accountOf(installed), deed))) return verb
  }
  return undefined
}
