/** Whether a controller runs, is of this version, and one of its replicas leads. */
import type { Cluster } from '#kube/cluster.ts'
import { holderOf, type Lease } from '#kube/lease-record.ts'
import { version } from '../version.ts'
import { type Check, type Finding, type Installed, ok, unknown, warning, wrong } from './finding.ts'
import { isHeld, leaseAt, ownLeases, seenAt } from './leases.ts'

export const controllerRuns: Check = {
  name: 'controller',
  examine: async ({ cluster, installed, now }) => {
    const leading = installed === undefined ? await leadingElsewhere(cluster, now) : undefined
    if (leading !== undefined) return [leading]
    if (installed === undefined)
      return [
        wrong(
          'the controller',
          'no Deployment with the label app.kubernetes.io/name=headgate is to be seen',
          'install it (docs/install.md), or ask with rights to list Deployments; one that runs elsewhere is not seen from here',
        ),
      ]
    const { namespace } = installed
    const lease = await leaseAt(cluster, { namespace, name: 'headgate' })
    return [pods(installed), versions(installed), leadership(lease, namespace, now)]
  },
}

/** One that is no Deployment, such as that of `headgate local`, is seen by the lease that it renews. */
async function leadingElsewhere(cluster: Cluster, now: number): Promise<Finding | undefined> {
  const fresh = (await ownLeases(cluster)).find((lease) => isHeld(seenAt(lease, now)))
  if (fresh === undefined) return undefined
  const about = `Lease ${fresh.metadata.namespace ?? 'default'}/headgate`
  return ok(about, `${holderOf(fresh)} leads, and is no Deployment of this cluster`)
}

function pods({ namespace, name, wanted, ready }: Installed): Finding {
  const about = `Deployment ${namespace}/${name}`
  const says = `${ready} of ${wanted} pods are ready`
  const look = `see kubectl -n ${namespace} describe deployment ${name} and kubectl -n ${namespace} logs deployment/${name}`
  if (ready === 0) return wrong(about, says, look)
  return ready < wanted ? warning(about, says, look) : ok(about, says)
}

function versions({ namespace, name, images }: Installed): Finding {
  const about = `Deployment ${namespace}/${name}`
  const tags = images.map((image) => /:v?([^:@/]+)(?:@.*)?$/.exec(image)?.[1])
  if (tags.includes(version)) return ok(about, `runs ${version}, as this program`)
  return warning(
    about,
    `runs ${images.join(', ')}, and this program is ${version}`,
    'use the program of the same version: what it checks is what its own version needs',
  )
}

function leadership(lease: Lease | undefined, namespace: string, now: number): Finding {
  const about = `Lease ${namespace}/headgate`
  if (lease?.spec === undefined)
    return unknown(
      about,
      'it is not to be seen: no replica has led yet, or it runs without election',
    )
  const seen = seenAt(lease, now)
  const { holder, agoMs, lastsMs } = seen
  const look = `see kubectl -n ${namespace} logs of the pods: nobody renews it`
  if (holder === '' || agoMs === undefined) return wrong(about, 'nobody holds it', look)
  if (isHeld(seen)) return ok(about, `${holder} leads`)
  const [ago, lasts] = [agoMs, lastsMs].map((ms) => Math.round(ms / 1000))
  return wrong(about, `${holder} renewed it ${ago} s ago, and it lasts ${lasts} s`, look)
}
