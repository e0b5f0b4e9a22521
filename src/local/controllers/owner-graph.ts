/** Who owns whom, by uid, over all kinds: pure. */
import type { Kind } from '#core/k8s/kinds.ts'
import type { ObjectMeta, OwnerReference } from '#core/k8s/meta.ts'

/** An object as garbage collection sees it. */
export type Item = {
  readonly kind: Kind
  readonly metadata: Pick<
    ObjectMeta,
    | 'name'
    | 'namespace'
    | 'uid'
    | 'resourceVersion'
    | 'ownerReferences'
    | 'finalizers'
    | 'deletionTimestamp'
  >
}

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

export class OwnerGraph {
  readonly #items = new Map<string, Item>()
  readonly #dependents = new Map<string, Set<string>>()

  put(item: Item): void {
    const uid = item.metadata.uid ?? ''
    const before = this.#items.get(uid)
    if (before !== undefined) this.#unlink(uid, before)
    this.#items.set(uid, item)
    for (const owner of ownersOf(item)) {
      const known = this.#dependents.get(owner.uid)
      if (known === undefined) this.#dependents.set(owner.uid, new Set([uid]))
      else known.add(uid)
    }
  }

  remove(uid: string): void {
    const item = this.#items.get(uid)
    if (item === undefined) return
    this.#unlink(uid, item)
    this.#items.delete(uid)
  }

  get(uid: string): Item | undefined {
    return this.#items.get(uid)
  }

  dependentsOf(uid: string): readonly Item[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => {
      const item = this.#items.get(dependent)
      return item === undefined ? [] : [item]
    })
  }

  #unlink(uid: string, item: Item): void {
    for (const owner of ownersOf(item)) {
      const group = this.#dependents.get(owner.uid)
      group?.delete(uid)
      if (group?.size === 0) this.#dependents.delete(owner.uid)
    }
  }
}

export function ownersOf({ metadata }: Item): readonly OwnerReference[] {
  return metadata.ownerReferences ?? []
}

/** Waits in the foreground for those it owns to go first. */
export function awaitsDependents({ metadata }: Item): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    metadata.finalizers?.includes(foregroundFinalizer) === true
  )
}

/** True when `item` holds up the foreground deletion of the owner with that uid. */
export function blocks(item: Item, ownerUid: string): boolean {
  return ownersOf(item).some(
    ({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true,
  )
}
