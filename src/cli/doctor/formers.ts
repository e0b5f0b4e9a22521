/** Whether a program that a door stands in for still runs beside it. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { parseInstant } from '#core/time.ts'
import { orUndefined } from '#releases/entry.ts'
import { type Check, type Finding, ok, warning } from './finding.ts'

type Lease = KubeObject & {
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string }
}

/** Leases are renewed every few seconds; an older word is that of a program that is gone. */
const freshMs = 60_000

export const formers: Check = {
  name: 'former controllers',
  examine: async ({ cluster, doors, installed, now }) => {
    const found = await Promise.all(
      doors.map(async ({ name: door, lease }): Promise<readonly Finding[]> => {
        if (lease === undefined) return []
        const there = await orUndefined(cluster.get<Lease>(kinds.lease, lease))
        const { holderIdentity = '', renewTime } = there?.spec ?? {}
        const renewed = parseInstant(renewTime) ?? 0
        if (holderIdentity === '' || now - renewed > freshMs) return []
        const about = `Lease ${lease.namespace}/${lease.name}`
        // Replicas of ours are named by their pods.
        if (installed !== undefined && holderIdentity.startsWith(`${installed.name}-`))
          return [ok(about, `held by us, so that what the door ${door} stands in for stands by`)]
        return [
          warning(
            about,
            `${holderIdentity} holds it: the program that the door ${door} stands in for still acts`,
            'scale it to 0; until then its releases are left to it',
          ),
        ]
      }),
    )
    return found.flat()
  },
}
