/**
 * What a family of routes gives the gateway. Each reads its own kinds of object into entries of the one table; that is
 * all the rest of the gateway knows of it.
 */
import type { SecureContext } from 'node:tls'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import type { ConfigMap, Secret, Service } from './objects.ts'
import type { Entry } from './table.ts'

/** Kinds that several families look at. */
export type SharedCaches = {
  readonly services: Cache<Service>
  readonly namespaces: Cache<KubeObject>
  readonly secrets: Cache<Secret>
  readonly configMaps: Cache<ConfigMap>
}

export type Surroundings = {
  readonly cluster: Cluster
  readonly shared: SharedCaches
  /** The name by which GatewayClasses mean this gateway. */
  readonly controllerName: string
  /** What statuses give as its address. */
  readonly address: string
}

/** A certificate for a server name: exact, `*.example.com` or `*`. */
export type Certificate = { readonly host: string; readonly context: SecureContext }

/** One reading of all objects of a family: what to serve and what to write. */
export type Reading = {
  readonly entries: readonly Entry[]
  readonly certificates: readonly Certificate[]
  readonly writes: readonly (() => Promise<void>)[]
  /** What could not be read and is told in no status: one sentence each, for the log. */
  readonly defects: readonly string[]
}

export type Source = {
  readonly name: string
  /** Its own kinds; a change in them leads to a new reading. */
  readonly caches: readonly Cache<KubeObject>[]
  /** An object that cannot be read must cost the others nothing. `now` in milliseconds. */
  readonly read: (now: number) => Reading
}

/** Begins to watch. */
export type OpenSource = (around: Surroundings) => Source
