/**
 * The real cluster's own process, alone in a network namespace: real control plane, and around it our kubelet, gateway
 * and Prometheus endpoint as its clients. What the outside needs leaves through Unix sockets in a private folder.
 */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { type ConnectedCluster, connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { startParts } from '#local/cluster.ts'
import { processRuntime } from '#local/kubelet/process-runtime.ts'
import type { Binaries } from './binaries.ts'
import { startControlPlane } from './control-plane.ts'
import { forward } from './forward.ts'
import { openLogsFace } from './logs-face.ts'
import { reachable } from './reachable.ts'

/** A further line on standard input; once it is done, it comes back as a line on standard output. */
export type InsideOrder = 'restart the API server' | 'compact etcd'

/** The first line on standard input, as JSON. */
export type InsideOptions = {
  readonly folder: string
  readonly binaries: Binaries
  readonly followDelayMs: number
  readonly allowCommands: boolean
  readonly ownProcesses?: number
  readonly crds: readonly KubeObject[]
  readonly apiServerFlags: readonly string[]
}

/** The one line on standard output, as JSON, once all is ready. */
export type InsideReady = {
  readonly url: string
  readonly caPem: string
  readonly token: string
  readonly controlPlane: string
  readonly processes: Readonly<Record<string, number>>
}

/** Address of the Prometheus Service's stand-in slice. */
const prometheusAddress = { host: '10.255.255.90', port: 9090 }

const prometheusNamespaces = ['monitoring', 'istio-system'] as const

const sockets = (folder: string) => ({
  api: join(folder, 'api.sock'),
  gateway: join(folder, 'gateway.sock'),
  prometheus: join(folder, 'prometheus.sock'),
})

/** All private addresses lead to this namespace itself, so that every pod can listen at its own. */
function openNetwork(): void {
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  for (const range of ['10.0.0.0/8', '172.18.0.0/16', '198.51.100.0/24']) {
    execFileSync('ip', ['route', 'add', 'local', range, 'dev', 'lo'])
  }
}

/**
 * The API server's own way to a Service leads only to pods, by Endpoints. So a pod that nobody runs stands for the
 * Prometheus endpoint: on a node that is not there, with the address where the endpoint is reached.
 */
async function standForPrometheus(cluster: Cluster, namespace: string): Promise<void> {
  const { host: ip, port } = prometheusAddress
  const metadata = { name: 'prometheus', namespace }
  await cluster.create<PodObject>(kinds.pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: {
      nodeName: 'outside',
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      containers: [{ name: 'prometheus', image: 'headgate/prometheus' }],
    },
  })
  const conditions = [{ type: 'Ready', status: 'True' }]
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions }
  await cluster.patch(kinds.pod, metadata, 'merge', { status }, { subresource: 'status' })
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' }
  const targetRef = { kind: 'Pod', ...metadata }
  await cluster.create<EndpointsObject>(kinds.endpoints, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...metadata, labels },
    subsets: [{ addresses: [{ ip, targetRef }], ports: [{ name: 'http', port }] }],
  })
}

type PodObject = KubeObject & { readonly spec: object }
type EndpointsObject = KubeObject & { readonly subsets: readonly object[] }

type NodeObject = KubeObject & {
  readonly status?: {
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port: number } }
  }
}

function logsPortOf({ status }: NodeObject): number {
  return status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0
}

async function run(options: InsideOptions): Promise<void> {
  openNetwork()
  const ports = systemPorts()
  const { binaries, folder, followDelayMs, crds, apiServerFlags } = options
  const plane = await startControlPlane({ binaries, ports, apiServerFlags })
  const clients: ConnectedCluster[] = []
  const client = (userAgent: string): ConnectedCluster => {
    const made = connectTo(plane.transport(), ports, { userAgent })
    clients.push(made)
    return made
  }
  const report = (part: string, error: unknown): void => {
    if (process.env['HEADGATE_DEBUG'] !== undefined) process.stderr.write(`${part}: ${error}\n`)
  }
  const runtime = reachable(processRuntime(ports, options), (error) => report('pod address', error))
  const parts = await startParts(client, ports, { crds, runtime, followDelayMs, report })
  await Promise.all(prometheusNamespaces.map((name) => standForPrometheus(parts.admin, name)))
  const node = await parts.admin.get<NodeObject>(kinds.node, { name: 'local' })
  const logsPort = logsPortOf(node)
  const logs = await openLogsFace(ports, { host: '172.18.0.2', port: logsPort })
  const local = (port: number) => ({ host: '127.0.0.1', port })
  const api = local(Number(new URL(plane.url).port))
  const places = sockets(folder)
  const forwarders = await Promise.all([
    forward(places.api, api),
    forward(places.gateway, local(parts.gateway.port)),
    forward(places.prometheus, local(parts.prometheus.port)),
    forward(prometheusAddress, local(parts.prometheus.port)),
  ])
  let stopping = false
  const stop = async (): Promise<void> => {
    if (stopping) return
    stopping = true
    await parts.stop()
    await Promise.all([...forwarders, logs].map((one) => one.close()))
    await Promise.all(clients.map((one) => one.close()))
    await plane.stop()
    rmSync(folder, { recursive: true, force: true })
    process.exit(0)
  }
  process.once('SIGTERM', () => void stop())
  // Whoever started us has ended, however that came: nothing may stay behind.
  process.stdin.once('end', () => void stop())
  const names = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const
  const ready: InsideReady = {
    url: plane.url,
    caPem: plane.caPem,
    token: plane.token,
    controlPlane: plane.folder,
    processes: Object.fromEntries(names.map((name) => [name, plane.process(name).pid ?? 0])),
  }
  const orders: Readonly<Record<InsideOrder, () => Promise<void>>> = {
    'restart the API server': plane.restartApiServer,
    'compact etcd': plane.compact,
  }
  obey = (order) => orders[order]()
  process.stdout.write(`${JSON.stringify(ready)}\n`)
}

let rest = ''
let obey: ((order: InsideOrder) => Promise<void>) | undefined
process.stdin.setEncoding('utf8').on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) {
    if (obey === undefined) void run(JSON.parse(line) as InsideOptions)
    else void obey(line as InsideOrder).then(() => process.stdout.write(`${line}\n`))
  }
})
