/** The live copies the controllers share, one a kind, and indexes over them. */
import { apiVersionOf, type Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'

/** Objects of a cache by a value drawn from each. */
export type Index<T> = { readonly at: (value: string) => readonly T[] }

export class Watches {
  readonly #cluster: Cluster
  readonly #caches = new Map<string, Cache<KubeObject>>()
  readonly #indexes = new Map<string, Index<KubeObject>>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** The one cache of a kind, started when first asked for. */
  of<T extends KubeObject>(kind: Kind): Cache<T> {
    const id = idOf(kind)
    const known = this.#caches.get(id)
    if (known !== undefined) return known as Cache<T>
    const cache = this.#cluster.watch<T>(kind)
    this.#caches.set(id, cache as unknown as Cache<KubeObject>)
    return cache
  }

  /** True when someone already watches this kind. */
  has(kind: Kind): boolean {
    return this.#caches.has(idOf(kind))
  }

  /** Index functions are told apart by `name`; ask before anything else subscribes to the kind. */
  index<T extends KubeObject>(
    kind: Kind,
    name: string,
    valuesOf: (object: T) => readonly string[],
  ): Index<T> {
    const id = `${idOf(kind)} ${name}`
    const known = this.#indexes.get(id)
    if (known !== undefined) return known as Index<T>
    const index = indexOver(this.of<T>(kind), valuesOf)
    this.#indexes.set(id, index)
    return index
  }

  async synced(): Promise<void> {
    await Promise.all([...this.#caches.values()].map((cache) => cache.synced()))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#caches.values()].map((cache) => cache.stop()))
  }
}

function idOf(kind: Kind): string {
  return `${apiVersionOf(kind)} ${kind.plural}`
}

function indexOver<T extends KubeObject>(
  cache: Cache<T>,
  valuesOf: (object: T) => readonly string[],
): Index<T> {
  const byValue = new Map<string, Map<string, T>>()
  const drop = (key: string, object: T): void => {
    for (const value of valuesOf(object)) {
      const group = byValue.get(value)
      group?.delete(key)
      if (group?.size === 0) byValue.delete(value)
    }
  }
  const put = (key: string, object: T): void => {
    for (const value of valuesOf(object)) {
      const group = byValue.get(value)
      if (group === undefined) byValue.set(value, new Map([[key, object]]))
      else group.set(key, object)
    }
  }
  for (const key of cache.keys()) {
    const object = cache.get(key)
    if (object !== undefined) put(key, object)
  }
  cache.subscribe((change) => {
    if (change.before !== undefined) drop(change.key, change.before)
    if (change.type === 'put') put(change.key, change.now)
  })
  return { at: (value) => [...(byValue.get(value)?.values() ?? [])] }
}

/** For indexes: the namespace an object lives in. */
export function byNamespace(object: KubeObject): readonly string[] {
  return [object.metadata.namespace ?? '']
}

/** For indexes: the uid of the controlling owner, '' with the namespace for objects without one. */
export function byController(object: KubeObject): readonly string[] {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true)
  return [owner?.uid ?? orphansOf(object.metadata.namespace)]
}

/** The index value under which `byController` files objects that nobody controls. */
export function orphansOf(namespace: string | undefined): string {
  return `orphans of ${namespace ?? ''}`
}
