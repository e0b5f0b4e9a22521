/**
 * What is true: the objects as they stand in the store, as values that never change, one after every write. Also the
 * shape of what an instance has been told, which may lag behind.
 */
import type { Release } from '#core/api/release.ts'
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { ReplicaSet, Service, Workload } from '#core/k8s/workloads.ts'

/** An object and the kind by which it is written. */
export type Kinded = readonly [Kind, KubeObject]

export type Slice = KubeObject & {
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean; readonly terminating?: boolean }
    readonly targetRef?: { readonly name?: string }
  }[]
}

export type Lease = KubeObject & { readonly spec?: { readonly holderIdentity?: string } }

export type Pod = KubeObject & {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

type Shelf<T> = ReadonlyMap<string, T>

export type Truth = {
  readonly releases: Shelf<Release>
  readonly workloads: Shelf<ReplicaSet>
  readonly deployments: Shelf<Workload>
  readonly controllers: Shelf<Workload>
  readonly pods: Shelf<Pod>
  readonly services: Shelf<Service>
  readonly slices: Shelf<Slice>
  /** Routing objects of whichever kind a story is about. */
  readonly routes: Shelf<KubeObject>
  readonly rules: Shelf<KubeObject>
  readonly leases: Shelf<Lease>
  readonly events: Shelf<KubeObject>
}

export type ShelfName = keyof Truth

/** By the name under which the store keeps a kind; also the plural in a path. */
export const shelves: Readonly<Record<string, ShelfName>> = {
  'headgate.dev/releases': 'releases',
  'apps/replicasets': 'workloads',
  'apps/deployments': 'deployments',
  replicationcontrollers: 'controllers',
  pods: 'pods',
  services: 'services',
  'discovery.k8s.io/endpointslices': 'slices',
  'gateway.networking.k8s.io/httproutes': 'routes',
  'gateway.networking.k8s.io/grpcroutes': 'routes',
  'networking.k8s.io/ingresses': 'routes',
  'networking.istio.io/virtualservices': 'routes',
  'networking.istio.io/destinationrules': 'rules',
  'coordination.k8s.io/leases': 'leases',
  events: 'events',
}

export const nothing: Truth = {
  releases: new Map(),
  workloads: new Map(),
  deployments: new Map(),
  controllers: new Map(),
  pods: new Map(),
  services: new Map(),
  slices: new Map(),
  routes: new Map(),
  rules: new Map(),
  leases: new Map(),
  events: new Map(),
}

/** Shelves of what runs pods. */
export const workloadShelves: readonly ShelfName[] = ['workloads', 'deployments', 'controllers']

/** The same with one object put or taken away. */
export function changed(
  truth: Truth,
  shelf: ShelfName,
  key: string,
  object: KubeObject | undefined,
): Truth {
  const copy = new Map<string, KubeObject>(truth[shelf])
  if (object === undefined) copy.delete(key)
  else copy.set(key, object)
  return { ...truth, [shelf]: copy }
}

/** Who is behind a request, and what it says. */
export type Cause = {
  /** `A#1` for the first life of instance A; `user`, `monkey`, or a part of the cluster. */
  readonly actor: string
  /** True for an instance of the controller. */
  readonly ours: boolean
  readonly method: string
  readonly path: string
  readonly body: string
  /** When the request left its sender, in true milliseconds since the beginning. */
  readonly issuedAt: number
  /** What the sender had been told by then, newest last; the truth for those who are not instances. */
  readonly told: readonly Truth[]
}

/** One write as it took effect. */
export type Write = {
  readonly at: number
  readonly revision: number
  readonly shelf: ShelfName
  readonly key: string
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly before: KubeObject | undefined
  readonly after: KubeObject | undefined
  readonly was: Truth
  readonly is: Truth
  readonly cause: Cause
}
