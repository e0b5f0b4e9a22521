/** Whether a program that a door stands in for still runs beside it. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { parseInstant } from '#core/time.ts'
import type { Door } from '#doors/door.ts'
import { accessReviews } from '#http/may.ts'
import { orUndefined } from '#releases/entry.ts'
import { type Check, type Examined, type Finding, ok, warning, wrong } from './finding.ts'
import { accountOf } from './rights.ts'

type Lease = KubeObject & {
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string }
}

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
  const there = await orUndefined(cluster.get<Lease>(kinds.lease, lease))
  const { holderIdentity = '', renewTime } = there?.spec ?? {}
  const renewed = parseInstant(renewTime) ?? 0
  if (holderIdentity === '' || now - renewed > freshMs) return []
  if (await isOurs(examined, holderIdentity))
    return [ok(about, `held by us, so that what the door ${door} stands in for stands by`)]
  return [
    warning(
      about,
      `${holderIdentity} holds it: the program that the door ${door} stands in for still acts`,
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

/** Whoever leads holds both leases under one name. */
async function isOurs({ cluster }: Examined, holder: string): Promise<boolean> {
  const asked = { fieldSelector: 'metadata.name=headgate' }
  const own = (await orUndefined(cluster.list<Lease>(kinds.lease, asked)))?.items ?? []
  return own.some(({ spec }) => spec?.holderIdentity === holder)
}
