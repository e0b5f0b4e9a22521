/** What every controller is given, and what it gives back. */
import type { Cluster } from '#kube/cluster.ts'
import type { Ports } from '#kube/ports.ts'
import { type LookAgain, type WorkQueue, workQueue } from '#kube/work-queue.ts'
import type { EventRecorder } from './events.ts'
import type { Watches } from './watches.ts'

export type Trouble = {
  readonly controller: string
  readonly key: string
  readonly error: unknown
  readonly retryInMs: number
}

export type Context = {
  readonly cluster: Cluster
  readonly ports: Ports
  readonly watches: Watches
  readonly events: (component: string) => EventRecorder
  /** Resolves when the shared caches hold their first list. */
  readonly ready: Promise<void>
  /** Told of every failed pass; conflicts are part of life and are told as well. */
  readonly report: (trouble: Trouble) => void
}

/** A controller at work. Its queue runs as soon as all caches are synced. */
export type Controller = { readonly name: string; readonly queue: WorkQueue }

export function queueFor(
  context: Context,
  name: string,
  reconcile: (key: string) => Promise<LookAgain>,
): WorkQueue {
  return workQueue({
    clock: context.ports.clock,
    onError: (key, error, retryInMs) => context.report({ controller: name, key, error, retryInMs }),
    reconcile: async (key) => {
      // Deciding on half a picture would create what merely has not been seen yet.
      await context.ready
      return reconcile(key)
    },
  })
}
