/** What the controller watches, and how each object is cut down as it arrives to what a pass may look at. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { ReplicaSet, Service } from '#core/k8s/workloads.ts'
import { annotations, labels } from '#core/render/names.ts'
import { parseInstant } from '#core/time.ts'
import type { Door } from '#doors/door.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { HeldObject, ServiceHeld, SliceHeld, WorkloadHeld } from './held.ts'

export type Caches = {
  readonly doors: ReadonlyMap<Door, Cache<HeldObject>>
  readonly workloads: Cache<WorkloadHeld>
  readonly services: Cache<ServiceHeld>
  readonly slices: Cache<SliceHeld>
  readonly routes: Cache<HeldObject>
  readonly all: readonly Cache<unknown>[]
  readonly of: (kind: string) => Cache<unknown> | undefined
}

export function watchAll(
  cluster: Cluster,
  doors: readonly Door[],
  namespace: string | undefined,
): Caches {
  const scope = namespace === undefined ? {} : { namespace }
  const watchDoor = (kind: Kind): Cache<HeldObject> =>
    cluster.watch(kind, { ...scope, project: held })
  const byDoor = new Map(doors.map((door) => [door, watchDoor(door.kind)]))
  const workloads = cluster.watch(kinds.replicaSet, {
    ...scope,
    labelSelector: labels.release,
    project: (object) => workloadHeld(object as ReplicaSet),
  })
  const services = cluster.watch(kinds.service, {
    ...scope,
    project: (object) => serviceHeld(object as Service),
  })
  const slices = cluster.watch(kinds.endpointSlice, {
    ...scope,
    labelSelector: 'kubernetes.io/service-name',
    project: sliceHeld,
  })
  const routes = cluster.watch(kinds.httpRoute, { ...scope, project: held })
  const all: readonly Cache<unknown>[] = [...byDoor.values(), workloads, services, slices, routes]
  return {
    doors: byDoor,
    workloads,
    services,
    slices,
    routes,
    all,
    of: (kind) => all.find((cache) => cache.kind.kind === kind),
  }
}

function held(object: KubeObject): HeldObject {
  return new HeldObject(object)
}

function workloadHeld({ metadata, spec, status }: ReplicaSet): WorkloadHeld {
  const own = metadata.labels ?? {}
  const current = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  const facts = {
    kind: 'ReplicaSet',
    release: own[labels.release] ?? '',
    ownerUid: metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? '',
    revision: own[labels.revision] ?? '',
    written: metadata.annotations?.[annotations.written] ?? '',
    replicas: spec.replicas ?? 1,
    // A status older than the spec speaks of other pods than those that are asked for now.
    ready: current
      ? (status?.readyReplicas ?? 0)
      : Math.min(status?.readyReplicas ?? 0, spec.replicas ?? 1),
    createdAt: parseInstant(metadata.creationTimestamp) ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
  } as const
  return new WorkloadHeld(metadata, facts, spec.template)
}

function serviceHeld({ metadata, spec }: Service): ServiceHeld {
  return new ServiceHeld(metadata, spec.selector ?? {}, spec.ports ?? [])
}

type EndpointSlice = KubeObject & {
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[]
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: { readonly kind?: string; readonly name?: string }
  }[]
}

function sliceHeld(object: KubeObject): SliceHeld {
  const { metadata, endpoints } = object as EndpointSlice
  const service = metadata.labels?.['kubernetes.io/service-name'] ?? ''
  const seen = (endpoints ?? []).map(({ addresses, conditions, targetRef }) => ({
    pod: targetRef?.name ?? '',
    ready: conditions?.ready !== false,
    ip: addresses?.[0],
  }))
  return new SliceHeld(metadata, service, seen)
}
