/**
 * Objects that releases name and take something from: Deployments. They bear no label of ours, so all of them are
 * watched, from the moment on when the first release names one.
 */
import { kindOf } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectRef } from '#core/k8s/meta.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { HeldObject } from './held.ts'

export type References = {
  /** Notes what a release names now; begins to watch it where nobody asked for it before. */
  readonly set: (key: string, refs: readonly ObjectRef[]) => void
  readonly get: (ref: ObjectRef) => KubeObject | undefined
  /** Whether the first list of any of them is still on its way. */
  readonly behind: (refs: readonly ObjectRef[]) => boolean
  readonly all: () => readonly Cache<HeldObject>[]
  readonly of: (kind: string) => Cache<HeldObject> | undefined
  readonly stop: () => Promise<void>
}

/** @param changed called with the release that names what changed. */
export function references(
  cluster: Cluster,
  scope: { readonly namespace?: string },
  changed: (key: string) => void,
): References {
  const caches = new Map<string, Cache<HeldObject>>()
  const byRef = new Map<string, Set<string>>()
  const byKey = new Map<string, readonly string[]>()

  const forget = (key: string): void => {
    for (const ref of byKey.get(key) ?? []) {
      const keys = byRef.get(ref)
      keys?.delete(key)
      if (keys?.size === 0) byRef.delete(ref)
    }
    byKey.delete(key)
  }
  const begin = (kind: string): void => {
    const cache = cluster.watch(kindOf(kind), {
      ...scope,
      project: (object) => new HeldObject(object),
    })
    caches.set(kind, cache)
    cache.subscribe(({ key }) => byRef.get(`${kind}/${key}`)?.forEach(changed))
    cache.synced().then(
      () => byKey.forEach((_refs, key) => changed(key)),
      () => undefined,
    )
  }

  return {
    set: (key, refs) => {
      forget(key)
      if (refs.length === 0) return
      const names = refs.map(nameOf)
      byKey.set(key, names)
      for (const name of names) byRef.set(name, (byRef.get(name) ?? new Set()).add(key))
      for (const { kind } of refs) if (!caches.has(kind)) begin(kind)
    },
    get: ({ kind, namespace, name }) => caches.get(kind)?.get(`${namespace}/${name}`)?.read(),
    behind: (refs) => refs.some(({ kind }) => caches.get(kind)?.isSynced() === false),
    all: () => [...caches.values()],
    of: (kind) => caches.get(kind),
    stop: async () => {
      await Promise.all([...caches.values()].map((cache) => cache.stop()))
    },
  }
}

function nameOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind}/${namespace}/${name}`
}
