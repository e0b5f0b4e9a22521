/** The workload controllers of the local cluster, as ordinary API clients: the part kube-controller-manager plays. */
import type { Cluster } from '#kube/cluster.ts'
import type { Ports } from '#kube/ports.ts'
import type { Context, Controller, Trouble } from './context.ts'
import { startDeployments } from './deployment/deployments.ts'
import { startEndpointSlices } from './endpoint-slices.ts'
import { startEndpoints } from './endpoints.ts'
import { type EventRecorder, startEvents } from './events.ts'
import { startGarbageCollector } from './garbage.ts'
import { startNamespaces } from './namespaces.ts'
import { startReplicaSets, startReplicationControllers } from './replicas.ts'
import { startServiceAccounts } from './service-accounts.ts'
import { Watches } from './watches.ts'

export type WorkloadOptions = {
  /** Told of every failed pass; it is retried. Default: nothing. */
  readonly report?: (trouble: Trouble) => void
}

export type Workloads = {
  /** True when no controller has anything left to do but wait for a time or an event. */
  readonly idle: () => boolean
  readonly stop: () => Promise<void>
}

/** Resolves when all caches hold their first list. @throws Error when it is stopped before. */
export async function startWorkloads(
  cluster: Cluster,
  ports: Ports,
  options: WorkloadOptions = {},
): Promise<Workloads> {
  const watches = new Watches(cluster)
  const recorders = new Map<string, EventRecorder>()
  let begin: () => void = () => undefined
  const context: Context = {
    cluster,
    ports,
    watches,
    ready: new Promise((resolve) => {
      begin = resolve
    }),
    report: options.report ?? (() => undefined),
    events: (component) => {
      const recorder = recorders.get(component) ?? startEvents(cluster, ports, { component })
      recorders.set(component, recorder)
      return recorder
    },
  }
  const garbage = startGarbageCollector(context)
  const controllers: readonly Controller[] = [
    startDeployments(context),
    startReplicaSets(context),
    startReplicationControllers(context),
    startEndpointSlices(context),
    startEndpoints(context),
    startNamespaces(context),
    startServiceAccounts(context),
    garbage,
  ]
  await watches.synced()
  begin()
  return {
    idle: () => controllers.every(({ queue }) => queue.idle()),
    stop: async () => {
      begin()
      await Promise.all(controllers.map(({ queue }) => queue.stop()))
      await garbage.stopWatches()
      await watches.stop()
      await Promise.all([...recorders.values()].map((recorder) => recorder.stop()))
    },
  }
}
