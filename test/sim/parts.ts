/**
 * The local parts around the API server that releases depend on: ReplicaSets, EndpointSlices, garbage collection, the
 * kubelet and the gateway's control plane. Events of theirs are not kept: nobody here reads them.
 */
import { apiVersionOf, type Kind, kinds } from '#core/k8s/kinds.ts'
import type { Cluster as Client } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { HttpResponse, Transport } from '#kube/http.ts'
import { type Ports, sleep } from '#kube/ports.ts'
import { json } from '#local/api-server/answer.ts'
import type { Context } from '#local/controllers/context.ts'
import { startDeployments } from '#local/controllers/deployment/deployments.ts'
import { startEndpointSlices } from '#local/controllers/endpoint-slices.ts'
import { startGarbageCollector } from '#local/controllers/garbage.ts'
import { startReplicaSets, startReplicationControllers } from '#local/controllers/replicas.ts'
import { Watches } from '#local/controllers/watches.ts'
import { type Control, startControl } from '#local/gateway/control.ts'
import { gatewayApi } from '#local/gateway/gateway-api/source.ts'
import { istio } from '#local/gateway/istio/source.ts'
import { ingressNginx } from '#local/gateway/nginx/source.ts'
import type { ConfigMap, Secret, Service } from '#local/gateway/objects.ts'
import type { OpenSource, SharedCaches } from '#local/gateway/source.ts'
import { controllerName } from '#local/gateway/start.ts'
import { startKubelet } from '#local/kubelet/start.ts'
import { isTakenOver, workloadKind } from './objects.ts'
import type { Pods } from './pods.ts'
import type { Setting } from './stories/story.ts'

/** Between the gateway's acceptance of a route and its data plane. */
const followDelayMs = 100

export async function startLocalParts(
  transport: Transport,
  ports: Ports,
  pods: Pods,
  setting: Setting | undefined,
): Promise<void> {
  const client = connectTo(quiet(transport, ports, pods, collectedIn(setting)), ports)
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
  for (const start of controllersFor(setting)) start(context)
  await watches.synced()
  begin()
  await startKubelet(client, ports, { runtime: pods.runtime, serveLogs: false, drainMs: 300 })
}

/** Kinds that something here owns or is owned by; the collector need not look at others. */
function collectedIn(setting: Setting | undefined): readonly Kind[] {
  const { pod, service, replicaSet, endpointSlice, release } = kinds
  return [pod, service, replicaSet, endpointSlice, release, ...runningIn(setting)]
}

/** Kinds beside ReplicaSets that run pods in a story. */
function runningIn(setting: Setting | undefined): readonly Kind[] {
  if (setting === undefined) return []
  const own = Object.values(kinds).filter(({ kind }) => kind === workloadKind(setting))
  const all = isTakenOver(setting) ? [...own, kinds.deployment] : own
  return all.filter((kind) => kind !== kinds.replicaSet)
}

function controllersFor(setting: Setting | undefined) {
  const running = runningIn(setting)
  return [
    startReplicaSets,
    startEndpointSlices,
    startGarbageCollector,
    ...(running.includes(kinds.deployment) ? [startDeployments] : []),
    ...(running.includes(kinds.replicationController) ? [startReplicationControllers] : []),
  ]
}

/** Swallows Events and the node's signs of life, and tells of those kinds alone. */
function quiet(
  inner: Transport,
  { clock }: Ports,
  pods: Pods,
  collected: readonly Kind[],
): Transport {
  return {
    close: inner.close,
    send: async (request, options) => {
      const { method, path } = request
      if (method === 'GET') return discovered(path, collected) ?? inner.send(request, options)
      if (/\/events(\?|\/|$)|\/kube-node-lease\//.test(path)) return json(200, unspoken)
      const late = path.includes('/endpointslices') ? pods.listDelayMs() : 0
      if (late > 0) await sleep(clock, late)
      return inner.send(request, options)
    },
  }
}

const unspoken = { metadata: { name: '' } }

function discovered(path: string, collected: readonly Kind[]): HttpResponse | undefined {
  if (path === '/apis') {
    const groups = [...new Set(collected.map(({ group }) => group))].filter((one) => one !== '')
    const of = (name: string) =>
      collected
        .filter(({ group }) => group === name)
        .map(({ version }) => ({ groupVersion: `${name}/${version}`, version }))
        .slice(0, 1)
    return json(200, { groups: groups.map((name) => ({ name, versions: of(name) })) })
  }
  if (!/^\/api\/v1$|^\/apis\/[^/]+\/v[^/?]+$/.test(path)) return undefined
  const verbs = ['list', 'watch', 'delete']
  const own = collected.filter((kind) => path === groupPath(kind))
  const resources = own.map(({ plural: name, kind, namespaced }) => ({
    name,
    kind,
    namespaced,
    verbs,
  }))
  return json(200, { resources })
}

function groupPath(kind: Kind): string {
  return `/${kind.group === '' ? 'api' : 'apis'}/${apiVersionOf(kind)}`
}

/** The families of routes that the gateway serves, by the router whose stories need them. */
const families: Readonly<Record<string, OpenSource>> = {
  'gateway-api': gatewayApi,
  grpc: gatewayApi,
  nginx: ingressNginx,
  istio,
}

/** The gateway's control plane, for the routes that a story uses; undefined where Services carry the traffic alone. */
export async function followGateway(
  transport: Transport,
  ports: Ports,
  router: string,
): Promise<Control | undefined> {
  const open = families[router]
  if (open === undefined) return undefined
  const client: Client = connectTo(transport, ports)
  const shared: SharedCaches = {
    services: client.watch<Service>(kinds.service),
    namespaces: client.watch(kinds.namespace),
    secrets: client.watch<Secret>(kinds.secret),
    configMaps: client.watch<ConfigMap>(kinds.configMap),
  }
  const source = open({ cluster: client, shared, controllerName, address: '127.0.0.1' })
  const caches = [...Object.values(shared), ...source.caches]
  await Promise.all(caches.map((cache) => cache.synced()))
  const options = { followDelayMs, report: () => undefined }
  return startControl(ports.clock, [source], Object.values(shared), options)
}
