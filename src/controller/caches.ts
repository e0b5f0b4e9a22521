/** What the controller watches, and how each object is cut down as it arrives to what a pass may look at. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Service, Workload } from '#core/k8s/workloads.ts'
import type { WorkloadKind } from '#core/model/app.ts'
import { annotations, labels } from '#core/render/names.ts'
import { parseInstant } from '#core/time.ts'
import type { Door } from '#doors/door.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { HeldObject, MemberHeld, ServiceHeld, SliceHeld, WorkloadHeld } from './held.ts'
import { type RouteCaches, routeCaches } from './route-caches.ts'

export type Caches = {
  readonly doors: ReadonlyMap<Door, Cache<HeldObject>>
  /** One for each kind of workload. */
  readonly workloads: readonly Cache<WorkloadHeld>[]
  /** Pods of workloads that belong to roles. */
  readonly members: Cache<MemberHeld>
  readonly services: Cache<ServiceHeld>
  readonly slices: Cache<SliceHeld>
  readonly routes: RouteCaches
  /** All but those of routes, which begin as they are needed. */
  readonly all: readonly Cache<unknown>[]
  readonly of: (kind: string, apiVersion: string) => Cache<unknown> | undefined
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
  const workloads = [kinds.replicaSet, kinds.deployment, kinds.replicationController].map((kind) =>
    cluster.watch(kind, {
      ...scope,
      labelSelector: labels.release,
      project: (object) => workloadHeld(object as Workload),
    }),
  )
  const members = cluster.watch(kinds.pod, {
    ...scope,
    labelSelector: labels.seat,
    project: (object) => memberHeld(object as Pod),
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
  const routes = routeCaches(cluster, scope)
  const all: readonly Cache<unknown>[] = [
    ...byDoor.values(),
    ...workloads,
    members,
    services,
    slices,
  ]
  return {
    doors: byDoor,
    workloads,
    members,
    services,
    slices,
    routes,
    all,
    of: (kind, apiVersion) =>
      all.find((cache) => cache.kind.kind === kind) ?? routes.of(kind, apiVersion),
  }
}

function held(object: KubeObject): HeldObject {
  return new HeldObject(object)
}

/** Ready pods that run the template as it is now. */
function readyOf({ kind, metadata, spec, status }: Workload): number {
  const ready = status?.readyReplicas ?? 0
  const current = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  if (kind !== 'Deployment') {
    // A status older than the spec speaks of other pods than those that are asked for now.
    return current ? ready : Math.min(ready, spec.replicas ?? 1)
  }
  // Its status does not say how many of the ready ones are new: at least those that cannot be old.
  const old = (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0)
  return current ? Math.max(0, ready - old) : 0
}

type Pod = KubeObject & {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

function memberHeld({ metadata, status }: Pod): MemberHeld {
  const ready = status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')
  return new MemberHeld(metadata, ready === true)
}

function workloadHeld(object: Workload): WorkloadHeld {
  const { metadata, spec, status } = object
  const own = metadata.labels ?? {}
  const facts = {
    kind: object.kind as WorkloadKind,
    release: own[labels.release] ?? '',
    ownerUid: metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? '',
    revision: own[labels.revision] ?? '',
    written: metadata.annotations?.[annotations.written] ?? '',
    replicas: spec.replicas ?? 1,
    pods: status?.replicas ?? 0,
    ready: readyOf(object),
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
