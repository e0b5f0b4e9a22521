/**
 * Garbage collection by owner references, over every kind the API server serves: deletes what has lost all its owners,
 * and carries out foreground deletion and orphaning. Whether an owner is gone is decided by its uid.
 */
import { apiVersionOf, type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, OwnerReference } from '#core/k8s/meta.ts'
import type { Cache } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { LookAgain } from '#kube/work-queue.ts'
import { type Context, type Controller, queueFor } from './context.ts'
import { discover, isCollectable } from './discovery.ts'
import {
  awaitsDependents,
  blocks,
  foregroundFinalizer,
  type Item,
  OwnerGraph,
  orphanFinalizer,
  ownersOf,
} from './owner-graph.ts'

type Held = Pick<KubeObject, 'metadata'>

/** Besides its queue it has watches of its own, one for each kind nobody else here watches. */
export type GarbageCollector = Controller & { readonly stopWatches: () => Promise<void> }

export function startGarbageCollector(context: Context): GarbageCollector {
  return new Garbage(context)
}

const discoveryKey = 'discovery'
const rediscoverMs = 30_000

class Garbage implements GarbageCollector {
  readonly name = 'garbage-collector-controller'
  readonly queue
  readonly #context: Context
  readonly #graph = new OwnerGraph()
  readonly #watched = new Map<string, { readonly kind: Kind; readonly stop: () => Promise<void> }>()

  constructor(context: Context) {
    this.#context = context
    this.queue = queueFor(context, this.name, this.#reconcile)
    this.queue.add(discoveryKey)
    const definitions = context.watches.of(kinds.customResourceDefinition)
    definitions.subscribe(() => this.queue.add(discoveryKey))
  }

  readonly stopWatches = async (): Promise<void> => {
    await Promise.all([...this.#watched.values()].map(({ stop }) => stop()))
  }

  readonly #reconcile = async (uid: string): Promise<LookAgain> => {
    if (uid === discoveryKey) return this.#discover()
    const item = this.#graph.get(uid)
    if (item === undefined) return undefined
    if (item.metadata.deletionTimestamp === undefined) await this.#collect(item)
    else if (item.metadata.finalizers?.includes(orphanFinalizer)) await this.#orphan(item)
    else if (awaitsDependents(item)) await this.#deleteInForeground(item)
    return undefined
  }

  async #discover(): Promise<LookAgain> {
    const { kinds: served, unread } = await discover(this.#context.cluster)
    const wanted = new Map(served.filter(isCollectable).map((kind) => [idOf(kind), kind]))
    for (const [id, { stop }] of this.#watched) {
      if (wanted.has(id) || unread > 0) continue
      this.#watched.delete(id)
      await stop()
    }
    const fresh = [...wanted].filter(([id]) => !this.#watched.has(id))
    for (const [id, kind] of fresh) this.#watched.set(id, { kind, stop: this.#watch(kind) })
    // Most changes are announced by a definition; only what could not be read is asked for again.
    return unread > 0 ? rediscoverMs : undefined
  }

  #watch(kind: Kind): () => Promise<void> {
    const { cluster, watches } = this.#context
    const shared = watches.has(kind)
    const cache: Cache<Held> = shared ? watches.of(kind) : cluster.watch<Held>(kind, { project })
    for (const held of cache.values()) this.#put(kind, held)
    const unsubscribe = cache.subscribe((change) => {
      if (change.type === 'gone') this.#gone(change.before)
      else this.#put(kind, change.now)
    })
    return async () => {
      unsubscribe()
      for (const { metadata } of cache.values()) this.#graph.remove(metadata.uid ?? '')
      if (!shared) await cache.stop()
    }
  }

  #put(kind: Kind, { metadata }: Held): void {
    const item: Item = { kind, metadata }
    const uid = metadata.uid ?? ''
    this.#graph.put(item)
    if (metadata.deletionTimestamp !== undefined) {
      this.queue.add(uid)
      // A dependent that is going may unblock the owner that waits for it.
      this.#wakeOwners(item)
    } else if (ownersOf(item).length > 0) this.queue.add(uid)
  }

  #gone({ metadata }: Held): void {
    const uid = metadata.uid ?? ''
    const item = this.#graph.get(uid)
    this.#graph.remove(uid)
    if (item !== undefined) this.#wakeOwners(item)
    for (const dependent of this.#graph.dependentsOf(uid)) this.#wake(dependent)
  }

  #wakeOwners(item: Item): void {
    for (const { uid } of ownersOf(item)) {
      const owner = this.#graph.get(uid)
      if (owner !== undefined && awaitsDependents(owner)) this.queue.add(uid)
    }
  }

  #wake({ metadata }: Item): void {
    this.queue.add(metadata.uid ?? '')
  }

  async #collect(item: Item): Promise<void> {
    const owners = ownersOf(item)
    if (owners.length === 0) return
    const states = await Promise.all(owners.map((owner) => this.#stateOf(item, owner)))
    const solid = owners.filter((_, index) => states[index] === 'solid')
    const waiting = states.includes('waiting')
    if (solid.length === owners.length) return
    if (solid.length > 0) return this.#keepOwners(item, (owner) => solid.includes(owner))
    const dependents = this.#graph.dependentsOf(item.metadata.uid ?? '')
    if (waiting && dependents.length > 0) return this.#delete(item, 'Foreground')
    if (item.metadata.finalizers?.includes(orphanFinalizer)) return this.#delete(item, 'Orphan')
    return this.#delete(item, 'Background')
  }

  async #stateOf(item: Item, owner: OwnerReference): Promise<'solid' | 'dangling' | 'waiting'> {
    const known = this.#graph.get(owner.uid)
    if (known !== undefined) return awaitsDependents(known) ? 'waiting' : 'solid'
    const kind = this.#kindOf(owner)
    const { namespace } = item.metadata
    if (kind.namespaced && namespace === undefined) return 'solid'
    const at = kind.namespaced && namespace !== undefined ? { namespace } : {}
    try {
      const live = await this.#context.cluster.get(kind, { ...at, name: owner.name })
      return live.metadata.uid === owner.uid ? 'solid' : 'dangling'
    } catch (error) {
      if (isKube(error, 'NotFound')) return 'dangling'
      throw error
    }
  }

  // An owner of unknown kind may well exist: its definition may come back. Nothing is deleted on that account.
  #kindOf({ apiVersion, kind }: OwnerReference): Kind {
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
    for (const { kind: known } of this.#watched.values()) {
      if (known.kind === kind && known.group === group) return known
    }
    this.queue.add(discoveryKey, { afterMs: rediscoverMs })
    throw new Error(`owner of unknown kind ${apiVersion} ${kind}: left alone until it is served`)
  }

  async #deleteInForeground(owner: Item): Promise<void> {
    const uid = owner.metadata.uid ?? ''
    const blocking = this.#graph.dependentsOf(uid).filter((dependent) => blocks(dependent, uid))
    if (blocking.length === 0) return this.#dropFinalizer(owner, foregroundFinalizer)
    for (const dependent of blocking) {
      if (dependent.metadata.deletionTimestamp === undefined) this.#wake(dependent)
    }
  }

  async #orphan(owner: Item): Promise<void> {
    const uid = owner.metadata.uid ?? ''
    const dependents = this.#graph.dependentsOf(uid)
    await Promise.all(
      dependents.map((item) => this.#keepOwners(item, (reference) => reference.uid !== uid)),
    )
    await this.#dropFinalizer(owner, orphanFinalizer)
  }

  async #keepOwners(item: Item, keep: (owner: OwnerReference) => boolean): Promise<void> {
    const { uid, resourceVersion } = item.metadata
    const ownerReferences = ownersOf(item).filter(keep)
    const body = { metadata: { uid, resourceVersion, ownerReferences } }
    await ignoringGone(this.#context.cluster.patch(item.kind, item.metadata, 'merge', body))
  }

  async #dropFinalizer(item: Item, finalizer: string): Promise<void> {
    const { uid, resourceVersion } = item.metadata
    const finalizers = (item.metadata.finalizers ?? []).filter((name) => name !== finalizer)
    const body = { metadata: { uid, resourceVersion, finalizers } }
    await ignoringGone(this.#context.cluster.patch(item.kind, item.metadata, 'merge', body))
  }

  // With the resourceVersion: an owner reference added since we looked saves the object.
  async #delete(
    { kind, metadata }: Item,
    propagation: 'Background' | 'Foreground' | 'Orphan',
  ): Promise<void> {
    const { uid, resourceVersion } = metadata
    const options = {
      propagation,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    }
    await ignoringGone(this.#context.cluster.remove(kind, metadata, options))
  }
}

async function ignoringGone(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!isKube(error, 'NotFound')) throw error
  }
}

function idOf(kind: Kind): string {
  return `${apiVersionOf(kind)} ${kind.plural}`
}

function project({ metadata }: KubeObject): Held {
  const { name, namespace, uid, resourceVersion } = metadata
  const { ownerReferences, finalizers, deletionTimestamp } = metadata
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
  }
}
