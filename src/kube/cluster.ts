/** One API server and the verbs of Kubernetes on it. Values in, wire-shaped JSON out; errors are KubeErrors. */
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Ports } from './ports.ts'

export type Selectors = { readonly labelSelector?: string; readonly fieldSelector?: string }

export type PatchType = 'merge' | 'json' | 'strategic' | 'apply'

export type WriteOptions = {
  readonly fieldManager?: string
  readonly force?: boolean
  readonly dryRun?: boolean
  /** `status`, `scale`, … */
  readonly subresource?: string
}

export type DeleteOptions = {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
  readonly gracePeriodSeconds?: number
}

export type ListOptions = Selectors & {
  readonly namespace?: string
  /** Items a page; all pages are read. Default 500. */
  readonly pageSize?: number
  /** '' reads through to the store, '0' takes what the server has cached. Default ''. */
  readonly resourceVersion?: string
}

export type List<T> = { readonly resourceVersion: string; readonly items: readonly T[] }

export type ObjectName = { readonly namespace?: string; readonly name: string }

/** A connected client. `close` ends every connection and awaits its watches. */
export type Cluster = {
  readonly ports: Ports
  readonly get: <T extends KubeObject>(kind: Kind, at: ObjectName) => Promise<T>
  readonly list: <T extends KubeObject>(kind: Kind, options?: ListOptions) => Promise<List<T>>
  readonly create: <T extends KubeObject>(
    kind: Kind,
    object: T,
    options?: WriteOptions,
  ) => Promise<T>
  readonly replace: <T extends KubeObject>(
    kind: Kind,
    object: T,
    options?: WriteOptions,
  ) => Promise<T>
  readonly patch: <T extends KubeObject>(
    kind: Kind,
    at: ObjectName,
    type: PatchType,
    body: unknown,
    options?: WriteOptions,
  ) => Promise<T>
  readonly remove: (kind: Kind, at: ObjectName, options?: DeleteOptions) => Promise<void>
  /** Any other request: discovery, proxy, logs, reviews. Answers with any status are returned, not thrown. */
  readonly raw: (request: {
    readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
    readonly path: string
    readonly body?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly timeoutMs?: number
    /** The answer's body is cut, with an error, beyond this many bytes. Default 16 MiB. */
    readonly maxBytes?: number
    readonly lane?: 'request' | 'lease'
    readonly signal?: AbortSignal
  }) => Promise<{
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }>
  /** Keeps a live copy of a kind; see Cache. */
  readonly watch: <T = KubeObject>(kind: Kind, options?: WatchOptions<T>) => Cache<T>
  readonly close: () => Promise<void>
}

export type WatchOptions<T> = Selectors & {
  readonly namespace?: string
  /**
   * Trims an object as it arrives; what it leaves out is never held. Must keep metadata.name, .namespace, .uid and
   * .resourceVersion reachable through `metadata`. Default: drops managedFields.
   */
  readonly project?: (object: KubeObject) => T
}

export type Change<T> =
  | { readonly type: 'put'; readonly key: string; readonly now: T; readonly before: T | undefined }
  | { readonly type: 'gone'; readonly key: string; readonly before: T }

/**
 * A live copy of the objects of one kind. Keys are `namespace/name` (or `name`). An object deleted and recreated under
 * the same name is seen as gone and then put, never as an update. Relists replace the content atomically.
 */
export type Cache<T> = {
  readonly kind: Kind
  readonly get: (key: string) => T | undefined
  readonly keys: () => IterableIterator<string>
  readonly values: () => IterableIterator<T>
  readonly size: () => number
  /** True once the first list is held. */
  readonly isSynced: () => boolean
  /** Resolves when the first list is held. Rejects only when the cache is stopped before. */
  readonly synced: () => Promise<void>
  /** The same, and also when the server says that it knows no such kind: the watch goes on until it does. */
  readonly answered: () => Promise<void>
  /** The newest resourceVersion seen, bookmarks included. */
  readonly resourceVersion: () => string
  /** Why the cache is not up to date now, if it is not: the last error and since when (Clock.now). */
  readonly trouble: () => { readonly error: Error; readonly since: number } | undefined
  /** Listeners are called in order, synchronously; one that throws is reported and hurts no other. */
  readonly subscribe: (listener: (change: Change<T>) => void) => () => void
  readonly stop: () => Promise<void>
}
