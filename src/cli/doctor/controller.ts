/** Whether a controller runs, is of this version, and one of its replicas leads. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { parseInstant } from '#core/time.ts'
import type { Cluster } from '#kube/cluster.ts'
import { orUndefined } from '#releases/entry.ts'
import { version } from '../version.ts'
import { type Check, type Finding, type Installed, ok, unknown, warning, wrong } from './finding.ts'

type Lease = KubeObject & {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly renewTime?: string
    readonly leaseDurationSeconds?: number
  }
}

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
    const lease = await orUndefined(
      cluster.get<Lease>(kinds.lease, { namespace, name: 'headgate' }),
    )
    return [pods(installed), versions(installed), leadership(lease, namespace, now)]
  },
}

/** One that is no Deployment, such as that of `headgate local`, is seen by the lease that it renews. */
async function leadingElsewhere(cluster: Cluster, now: number): Promise<Finding | undefined> {
  const asked = { fieldSelector: 'metadata.name=headgate' }
  const leases = (await orUndefined(cluster.list<Lease>(kinds.lease, asked)))?.items ?? []
  const fresh = leases.find(({ spec }) => isFresh(spec, now))
  if (fresh === undefined) return undefined
  const about = `Lease ${fresh.metadata.namespace ?? 'default'}/headgate`
  return ok(about, `${fresh.spec?.holderIdentity} leads, and is no Deployment of this cluster`)
}

function isFresh(spec: Lease['spec'], now: number): boolean {
  const { holderIdentity = '', renewTime, leaseDurationSeconds = 15 } = spec ?? {}
  const renewed = parseInstant(renewTime)
  return (
    holderIdentity !== '' && renewed !== undefined && now - renewed <= leaseDurationSeconds * 1000
  )
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
  const { holderIdentity = '', renewTime, leaseDurationSeconds = 15 } = lease.spec
  const renewed = parseInstant(renewTime)
  const look = `see kubectl -n ${namespace} logs of the pods: nobody renews it`
  if (holderIdentity === '' || renewed === undefined) return wrong(about, 'nobody holds it', look)
  const seconds = Math.round((now - renewed) / 1000)
  return seconds > leaseDurationSeconds
    ? wrong(
        about,
        `${holderIdentity} renewed it ${seconds} s ago, and it lasts ${leaseDurationSeconds} s`,
        look,
      )
    : ok(about, `${holderIdentity} leads`)
}
