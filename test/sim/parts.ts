/**
 * The local parts around the API server that releases depend on: ReplicaSets, EndpointSlices, garbage collection, the
 * kubelet and the gateway's control plane. Events of theirs are not kept: nobody here reads them.
 */
import { kinds } from '#core/k8s/kinds.ts'
import type { Cluster as Client } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { HttpRequest, HttpResponse, Transport } from '#kube/http.ts'
import { type Ports, sleep } from '#kube/ports.ts'
import { json } from '#local/api-server/answer.ts'
import type { ApiServer } from '#local/api-server/api-server.ts'
import type { Context } from '#local/controllers/context.ts'
import { startEndpointSlices } from '#local/controllers/endpoint-slices.ts'
import { startGarbageCollector } from '#local/controllers/garbage.ts'
import { startReplicaSets } from '#local/controllers/replicas.ts'
import { Watches } from '#local/controllers/watches.ts'
import { type Control, startControl } from '#local/gateway/control.ts'
import { gatewayApi } from '#local/gateway/gateway-api/source.ts'
import type { ConfigMap, Secret, Service } from '#local/gateway/objects.ts'
import type { SharedCaches } from '#local/gateway/source.ts'
import { controllerName } from '#local/gateway/start.ts'
import { startKubelet } from '#local/kubelet/start.ts'
import type { Pods } from './pods.ts'

/** Between the gateway's acceptance of a route and its data plane. */
export const followDelayMs = 100

export async function startLocalParts(
  server: ApiServer,
  ports: Ports,
  pods: Pods,
): Promise<{ readonly stop: () => Promise<void> }> {
  const client = connectTo(quiet(server.transport(), ports, pods), ports)
  const watches = new Watches(client)
  let begin: () => void = () => undefined
  const context: Context = {
    cluster: client,
    ports,
    watches,
    ready: new Promise((resolve) => {
      begin = resolve
    }),
    events: () => ({ record: () => undefined, stop: async () => undefined }),
    report: () => undefined,
  }
  const garbage = startGarbageCollector(context)
  const controllers = [startReplicaSets(context), startEndpointSlices(context), garbage]
  await watches.synced()
  begin()
  const kubelet = await startKubelet(client, ports, {
    runtime: pods.runtime,
    serveLogs: false,
    drainMs: 300,
  })
  return {
    stop: async () => {
      await Promise.all(controllers.map(({ queue }) => queue.stop()))
      await garbage.stopWatches()
      await kubelet.stop()
      await watches.stop()
      await client.close()
    },
  }
}

/** Kinds that something here owns or is owned by; the collector need not look at others. */
const collected: Readonly<Record<string, readonly string[]>> = {
  '/api/v1': ['pods', 'services'],
  '/apis/apps/v1': ['replicasets'],
  '/apis/discovery.k8s.io/v1': ['endpointslices'],
  '/apis/headgate.dev/v1alpha1': ['releases'],
}

type ResourceList = { readonly resources: readonly { readonly name: string }[] }

/** Swallows Events, and tells of those kinds alone. */
function quiet(inner: Transport, { clock }: Ports, pods: Pods): Transport {
  return {
    close: inner.close,
    send: async (request, options) => {
      if (request.method !== 'GET') {
        const late = request.path.includes('/endpointslices') ? pods.listDelayMs() : 0
        if (late > 0) await sleep(clock, late)
        return /\/events(\?|\/|$)/.test(request.path)
          ? json(201, { metadata: { name: '' } })
          : inner.send(request, options)
      }
      const response = await inner.send(request, options)
      const isVersion = /^\/api\/v1$|^\/apis\/[^/]+\/v[^/?]+$/.test(request.path)
      return isVersion ? await narrowed(request, response) : response
    },
  }
}

async function narrowed(request: HttpRequest, response: HttpResponse): Promise<HttpResponse> {
  const kept = collected[request.path] ?? []
  let text = ''
  if (kept.length > 0) for await (const chunk of response.body) text += chunk as string
  const { resources } = (text === '' ? { resources: [] } : JSON.parse(text)) as ResourceList
  return json(200, { resources: resources.filter(({ name }) => kept.includes(name)) })
}

const absent: readonly string[] = ['GRPCRoute', 'ReferenceGrant', 'BackendTLSPolicy', 'TLSRoute']

/** The gateway's control plane, for the families of routes that stories use. */
export async function followGateway(
  server: ApiServer,
  ports: Ports,
): Promise<{ readonly control: Control; readonly stop: () => Promise<void> }> {
  const client: Client = connectTo(server.transport(), ports)
  const shared: SharedCaches = {
    services: client.watch<Service>(kinds.service),
    namespaces: client.watch(kinds.namespace),
    secrets: client.watch<Secret>(kinds.secret),
    configMaps: client.watch<ConfigMap>(kinds.configMap),
  }
  const sources = [gatewayApi({ cluster: client, shared, controllerName, address: '127.0.0.1' })]
  const caches = [...Object.values(shared), ...sources.flatMap((source) => source.caches)]
  // Kinds of the family that are not installed here stay empty.
  const needed = caches.filter(({ kind }) => !absent.includes(kind.kind))
  await Promise.all(needed.map((cache) => cache.synced()))
  const options = { followDelayMs, report: () => undefined }
  const control = startControl(ports.clock, sources, Object.values(shared), options)
  return {
    control,
    stop: async () => {
      await control.stop()
      await client.close()
    },
  }
}
