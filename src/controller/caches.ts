/** What the controller watches, and how each object is cut down as it arrives to what a pass may look at. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectMeta } from '#core/k8s/meta.ts'
import type { EndpointSliceSeen, ReplicaSet, Service } from '#core/k8s/workloads.ts'
import type { WorkloadSeen } from '#core/observed.ts'
import { annotations, labels } from '#core/render/names.ts'
import { parseInstant } from '#core/time.ts'
import type { Door } from '#doors/door.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'

/** Only what tells objects apart and whose they are. */
export type Identity = Pick<ObjectMeta, 'name' | 'namespace' | 'uid' | 'resourceVersion'>

export type WorkloadHeld = {
  readonly metadata: Identity
  readonly release: string
  readonly ownerUid: string
  readonly seen: WorkloadSeen
}

export type ServiceHeld = {
  readonly metadata: Identity
  readonly spec: Pick<Service['spec'], 'selector' | 'ports'>
  readonly ownerUid: string | undefined
  readonly owner: string | undefined
}

export type Caches = {
  readonly doors: ReadonlyMap<Door, Cache<KubeObject>>
  readonly workloads: Cache<WorkloadHeld>
  readonly services: Cache<ServiceHeld>
  readonly slices: Cache<EndpointSliceSeen>
  readonly routes: Cache<KubeObject>
  readonly all: readonly Cache<unknown>[]
  readonly of: (kind: string) => Cache<unknown> | undefined
}

export function watchAll(
  cluster: Cluster,
  doors: readonly Door[],
  namespace: string | undefined,
): Caches {
  const scope = namespace === undefined ? {} : { namespace }
  const watchDoor = (kind: Kind): Cache<KubeObject> =>
    cluster.watch(kind, { ...scope, project: trimmed })
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
    project: sliceSeen,
  })
  const routes = cluster.watch(kinds.httpRoute, { ...scope, project: trimmed })
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

function identity({ name, namespace, uid, resourceVersion }: ObjectMeta): Identity {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}

function trimmed(object: KubeObject): KubeObject {
  const { managedFields: _fields, ...metadata } = object.metadata as ObjectMeta & {
    managedFields?: unknown
  }
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...kept } =
    metadata.annotations ?? {}
  return {
    ...object,
    metadata: { ...metadata, ...(metadata.annotations === undefined ? {} : { annotations: kept }) },
  }
}

function workloadHeld({ metadata, spec, status }: ReplicaSet): WorkloadHeld {
  const own = metadata.labels ?? {}
  const current = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  return {
    metadata: identity(metadata),
    release: own[labels.release] ?? '',
    ownerUid: metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? '',
    seen: {
      name: metadata.name,
      uid: metadata.uid ?? '',
      revision: own[labels.revision] ?? '',
      written: metadata.annotations?.[annotations.written] ?? '',
      template: spec.template,
      replicas: spec.replicas ?? 1,
      // A status older than the spec speaks of other pods than those that are asked for now.
      ready: current
        ? (status?.readyReplicas ?? 0)
        : Math.min(status?.readyReplicas ?? 0, spec.replicas ?? 1),
      createdAt: parseInstant(metadata.creationTimestamp) ?? 0,
      deleting: metadata.deletionTimestamp !== undefined,
    },
  }
}

function serviceHeld({ metadata, spec }: Service): ServiceHeld {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  return {
    metadata: identity(metadata),
    spec: {
      ...(spec.selector === undefined ? {} : { selector: spec.selector }),
      ...(spec.ports === undefined ? {} : { ports: spec.ports }),
    },
    ownerUid: owner?.uid,
    owner: owner === undefined ? undefined : `${owner.kind} ${owner.name}`,
  }
}

type EndpointSlice = KubeObject & {
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: { readonly kind?: string; readonly name?: string }
  }[]
}

function sliceSeen(object: KubeObject): EndpointSliceSeen {
  const { metadata, endpoints } = object as EndpointSlice
  return {
    metadata: identity(metadata),
    service: metadata.labels?.['kubernetes.io/service-name'] ?? '',
    endpoints: (endpoints ?? []).map(({ conditions, targetRef }) => ({
      pod: targetRef?.name ?? '',
      ready: conditions?.ready !== false,
    })),
  }
}
