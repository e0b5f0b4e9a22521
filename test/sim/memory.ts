/** What the rules have to know beyond the write at hand. */
import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import type { Cluster } from './cluster.ts'
import type { Scene, SeenPod } from './invariants/invariant.ts'
import { splitOf } from './invariants/s5.ts'
import type { Plan } from './plan.ts'
import { trialOf } from './record.ts'
import { type Lease, type Pod, type Write, workloadShelves } from './truth.ts'

export type Memory = Pick<
  Scene,
  'acceptedAt' | 'splitSince' | 'podOf' | 'lastOwn' | 'lostLeaseAt' | 'stampedBy'
> & {
  /** The image of a revision that ever had a workload. */
  readonly imageOf: (revision: string) => string | undefined
  readonly learn: (write: Write) => void
  readonly own: (actor: string, shelf: string, key: string, revision: number) => void
}

export function memoryOf({ time }: Cluster, { setting }: Plan): Memory {
  const own = new Map<string, number>()
  const images = new Map<string, string>()
  const stamps = new Map<string, string>()
  const splits = new Map<string, number>()
  const acceptance = acceptances()
  const leases = leaseholders(time.clock.monotonic)
  const pods = podsSeen()
  return {
    stampedBy: (instant) => stamps.get(instant),
    imageOf: (revision) => images.get(revision),
    acceptedAt: acceptance.at,
    splitSince: (split) => splits.get(split),
    podOf: pods.get,
    lastOwn: (actor, shelf, key) => own.get(`${actor} ${shelf} ${key}`),
    lostLeaseAt: leases.lostAt,
    own: (actor, shelf, key, revision) => {
      if (revision > 0) own.set(`${actor} ${shelf} ${key}`, revision)
    },
    learn: (write) => {
      const { shelf, after, at, cause, was, is } = write
      pods.learn(write)
      leases.learn(write)
      if (shelf === 'releases') {
        const begun = trialOf(after as Release | undefined)?.stepStartedAt
        if (begun !== undefined && !stamps.has(begun)) stamps.set(begun, cause.actor)
      }
      if (shelf === 'routes') {
        acceptance.learn(write)
        const split = splitOf(is, { setting })
        if (split !== splitOf(was, { setting })) splits.set(split, at)
      }
      if (workloadShelves.includes(shelf) && after !== undefined) {
        const { metadata, spec } = after as Workload
        const image = spec.template.spec.containers[0]?.image
        if (image !== undefined) images.set(metadata.labels?.[labels.revision] ?? '', image)
      }
    },
  }
}

type Learns = { readonly learn: (write: Write) => void }

/** When the gateway first accepted a route as it stood. */
function acceptances(): Learns & { readonly at: Scene['acceptedAt'] } {
  const accepted = new Map<string, number>()
  return {
    at: (uid, generation) => accepted.get(`${uid} ${generation}`),
    learn: ({ after, at }) => {
      const { metadata, status } = (after ?? { metadata: { name: '' } }) as HttpRoute
      const generation = metadata.generation ?? 0
      const id = `${metadata.uid} ${generation}`
      const is = (status?.parents ?? []).some(({ conditions = [] }) =>
        conditions.some(
          ({ type, status: value, observedGeneration = 0 }) =>
            type === 'Accepted' && value === 'True' && observedGeneration >= generation,
        ),
      )
      if (is && !accepted.has(id)) accepted.set(id, at)
    },
  }
}

function leaseholders(now: () => number): Learns & { readonly lostAt: Scene['lostLeaseAt'] } {
  const lost = new Map<string, number>()
  const once = new Set<string>()
  return {
    lostAt: (actor) => lost.get(actor),
    learn: ({ shelf, key, after }) => {
      if (shelf !== 'leases' || key !== 'default/headgate') return
      const holder = (after as Lease | undefined)?.spec?.holderIdentity ?? ''
      if (holder === '') return
      for (const other of once) if (other !== holder && !lost.has(other)) lost.set(other, now())
      once.add(holder)
      lost.delete(holder)
    },
  }
}

/** Pods by name, also those that are gone; and which Deployment a ReplicaSet is of. */
function podsSeen(): Learns & { readonly get: Scene['podOf'] } {
  const seen = new Map<string, { revision: string | undefined; owner: string }>()
  const deployments = new Map<string, string>()
  const ownerOf = ({ metadata }: Pod): string | undefined =>
    metadata.ownerReferences?.find(({ controller }) => controller === true)?.name
  return {
    get: (name): SeenPod | undefined => {
      const pod = seen.get(name)
      if (pod === undefined) return undefined
      return { revision: pod.revision, workload: deployments.get(pod.owner) ?? pod.owner }
    },
    learn: ({ shelf, after }) => {
      if (after === undefined) return
      const { name, labels: own } = after.metadata
      const owner = ownerOf(after)
      if (shelf === 'workloads' && owner !== undefined) {
        const [first] = after.metadata.ownerReferences ?? []
        if (first?.kind === 'Deployment') deployments.set(name, owner)
      }
      if (shelf === 'pods') seen.set(name, { revision: own?.[labels.revision], owner: owner ?? '' })
    },
  }
}
