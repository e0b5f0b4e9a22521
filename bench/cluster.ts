/** The cluster of the benchmark: API server and controllers in memory, pods that are ready at once, a gateway that accepts at once. */
import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { doors } from '#doors/register.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { Ports } from '#kube/ports.ts'
import { systemPorts } from '#kube/system.ts'
import { type RunningApiServer, startApiServer } from '#local/api-server/start.ts'
import { startWorkloads } from '#local/controllers/start.ts'
import { gatewayApiCrds } from '#local/crds/gateway-api.ts'
import { simulatedRuntime } from '#local/kubelet/simulated-runtime.ts'
import { startKubelet } from '#local/kubelet/start.ts'

export type BenchCluster = {
  readonly server: RunningApiServer
  readonly ports: Ports
  /** The user's client; its requests are not counted. */
  readonly api: Cluster
  readonly releases: Cache<Release>
  readonly routes: Cache<HttpRoute>
  readonly stop: () => Promise<void>
}

export async function startBenchCluster(): Promise<BenchCluster> {
  const ports = systemPorts()
  const server = await startApiServer({ ports })
  const api = connectTo(server.transport(), ports)
  for (const crd of [...gatewayApiCrds(), ...doors.flatMap((door) => door.crds)])
    await api.create(kinds.customResourceDefinition, crd)
  const client = connectTo(server.transport(), ports)
  const workloads = await startWorkloads(client, ports, { report: () => {} })
  const runtime = simulatedRuntime(ports.clock)
  const kubelet = await startKubelet(client, ports, { runtime, serveLogs: false })
  const releases = api.watch<Release>(kinds.release)
  const routes = api.watch<HttpRoute>(kinds.httpRoute)
  await Promise.all([releases.synced(), routes.synced()])
  routes.subscribe((change) => {
    if (change.type === 'put') void accept(api, change.now)
  })
  return {
    server,
    ports,
    api,
    releases,
    routes,
    stop: async () => {
      await Promise.all([workloads.stop(), kubelet.stop()])
      await Promise.all([api.close(), client.close()])
      await server.close()
    },
  }
}

async function accept(api: Cluster, { metadata, spec, status }: HttpRoute): Promise<void> {
  const observedGeneration = metadata.generation ?? 1
  const known = status?.parents?.[0]?.conditions?.[0]?.observedGeneration
  if (known === observedGeneration) return
  const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
    type,
    status: 'True',
    reason: type,
    message: '',
    observedGeneration,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }))
  const parents = (spec.parentRefs ?? []).map((parentRef) => ({
    parentRef,
    controllerName: 'headgate.dev/local-gateway',
    conditions,
  }))
  const { namespace = 'default', name } = metadata
  // A newer generation may have come meanwhile; its own change follows and is accepted in its turn.
  await api
    .patch(
      kinds.httpRoute,
      { namespace, name },
      'merge',
      { status: { parents } },
      {
        subresource: 'status',
      },
    )
    .catch(() => {})
}
