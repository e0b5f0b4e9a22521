/**
 * A live copy of one kind: what is held, who is told of changes, and since when it is out of date.
 */
import { apiVersionOf, type Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { type CacheTarget, keepUp } from './cache-loop.ts'
import type { Cache, Change, WatchOptions } from './cluster.ts'
import { isKube, KubeError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Ports } from './ports.ts'
import { metadataOf, objectStore } from './store.ts'
import { compareVersions, isOlder } from './versions.ts'

/** Told of a failure that was survived. */
export type ReportProblem = (problem: { readonly where: string; readonly error: Error }) => void

export type CacheStats = {
  /** Streams opened after a stream. */
  restarts: number
  /** Lists read after the first. */
  relists: number
  malformed: number
  /** Changes that no stream brought, found by a later list. */
  lost: number
  listenerErrors: number
}

export type CacheSurroundings = {
  readonly exchange: Exchange
  readonly ports: Ports
  readonly report: ReportProblem
  readonly stats: CacheStats
  /** Called once, when the cache has stopped. */
  readonly ended: () => void
}

type Waiter = {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  /** Whether the answer that there is no such kind is enough. */
  readonly orAbsent: boolean
}

/** Begins at once; see `Cache` for what it promises and cache-loop.ts for how it keeps up. */
export function watchCache<T>(
  around: CacheSurroundings,
  kind: Kind,
  options: WatchOptions<T>,
): Cache<T> {
  const { ports, report, stats } = around
  const where = `watch of ${kind.plural}.${apiVersionOf(kind)}`
  const store = objectStore<T>()
  const stopping = new AbortController()
  const waiters = new Set<Waiter>()
  const { subscribe, deliver } = listenersOf<T>(around, where, stopping.signal)
  let synced = false
  let version = ''
  let trouble: { readonly error: Error; readonly since: number } | undefined

  /** What is new to us although older than what we had seen, was left out of a stream. */
  const tellLost = (changes: readonly Change<T>[], now: string): void => {
    if (isOlder(now, version)) return
    const lost = changes.filter((change) => {
      if (change.type === 'gone') return false
      const order = compareVersions(metadataOf(change.now).resourceVersion ?? '', version)
      return order === -1 || order === 0
    }).length
    if (lost === 0) return
    stats.lost += lost
    report({
      where,
      error: new Error(`${lost} changes were lost on the way; a fresh list has them`),
    })
  }

  const target: CacheTarget<T> = {
    project: (object) => {
      try {
        return options.project === undefined ? (trimmed(object) as T) : options.project(object)
      } catch (error) {
        report({ where: `projection of the ${where}`, error: asError(error) })
        return undefined
      }
    },
    replace: (all, resourceVersion) => {
      const changes = store.replace(all)
      tellLost(changes, resourceVersion)
      version = resourceVersion
      synced = true
      trouble = undefined
      deliver(changes)
      for (const waiter of waiters) waiter.resolve()
      waiters.clear()
    },
    put: (object) => deliver(store.put(object)),
    gone: (object) => deliver(store.gone(object)),
    moved: (resourceVersion) => {
      version = resourceVersion
    },
    well: () => {
      trouble = undefined
    },
    broken: (error) => {
      trouble = { error, since: trouble?.since ?? ports.clock.now() }
      report({ where, error })
      if (!isKube(error, 'NotFound')) return
      for (const waiter of waiters) {
        if (!waiter.orAbsent) continue
        waiter.resolve()
        waiters.delete(waiter)
      }
    },
  }

  const done = keepUp({ ...around, kind, options, target, signal: stopping.signal })

  const stop = async (): Promise<void> => {
    if (!stopping.signal.aborted) {
      stopping.abort()
      for (const waiter of waiters) waiter.reject(stopped(where))
      waiters.clear()
      around.ended()
    }
    await done
  }

  const wait = (orAbsent: boolean): Promise<void> => {
    if (synced || (orAbsent && isKube(trouble?.error, 'NotFound'))) return Promise.resolve()
    if (stopping.signal.aborted) return Promise.reject(stopped(where))
    return new Promise((resolve, reject) => waiters.add({ resolve, reject, orAbsent }))
  }

  return {
    kind,
    get: store.get,
    keys: store.keys,
    values: store.values,
    size: store.size,
    isSynced: () => synced,
    synced: () => wait(false),
    answered: () => wait(true),
    resourceVersion: () => version,
    trouble: () => trouble,
    subscribe,
    stop,
  }
}

type Listeners<T> = {
  readonly subscribe: Cache<T>['subscribe']
  readonly deliver: (changes: readonly Change<T>[]) => void
}

/** Those who are told. One that throws is reported and hurts no other. */
function listenersOf<T>(
  { report, stats }: CacheSurroundings,
  where: string,
  stopped: AbortSignal,
): Listeners<T> {
  const listeners = new Set<(change: Change<T>) => void>()
  const tell = (listener: (change: Change<T>) => void, change: Change<T>): void => {
    // It may have been taken off, or the cache stopped, by a listener before it.
    if (!listeners.has(listener) || stopped.aborted) return
    try {
      listener(change)
    } catch (error) {
      stats.listenerErrors += 1
      report({ where: `listener of the ${where}`, error: asError(error) })
    }
  }
  return {
    subscribe: (listener) => {
      // A wrapper, so that the same function may be subscribed twice.
      const own = (change: Change<T>): void => listener(change)
      listeners.add(own)
      return () => listeners.delete(own)
    },
    deliver: (changes) => {
      for (const change of changes) {
        for (const listener of [...listeners]) tell(listener, change)
      }
    },
  }
}

/** Field ownership is half of what a list weighs and nobody here reads it. */
function trimmed(object: KubeObject): KubeObject {
  const metadata = { ...object.metadata } as Record<string, unknown>
  if (!('managedFields' in metadata)) return object
  delete metadata['managedFields']
  return { ...object, metadata: metadata as unknown as KubeObject['metadata'] }
}

function stopped(where: string): KubeError {
  const message = `the ${where} was stopped before its first list`
  return new KubeError({ reason: 'Unreachable', code: 0, message })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
