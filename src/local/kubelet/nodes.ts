/** Registers a node and keeps it alive: its object with status once, then a Lease renewed at the kubelet's pace. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { type Ports, sleep } from '#kube/ports.ts'
import type { Node } from '../controllers/shapes.ts'
import { microTimestamp, timestamp } from '../controllers/times.ts'

export type NodeFacts = {
  readonly name: string
  /** The node's own address; pods report it as hostIP. */
  readonly address: string
  readonly pods: number
  /** Where logs are served. */
  readonly kubeletPort: number
}

const leaseNamespace = 'kube-node-lease'
const leaseSeconds = 40
const renewMs = 10_000

/** Creates the node, or brings its status up to date. @throws KubeError */
export async function registerNode(
  cluster: Cluster,
  ports: Ports,
  facts: NodeFacts,
): Promise<Node> {
  const wanted = nodeObject(facts, ports.clock.now())
  await create(cluster, kinds.node, wanted)
  const { status } = wanted
  const options = { subresource: 'status' }
  const at = { name: facts.name }
  const node = await cluster.patch<Node>(kinds.node, at, 'merge', { status }, options)
  // In a cluster the lifecycle controller takes the taint away from a node that reports ready.
  const taints = node.spec?.taints ?? []
  const left = taints.filter(({ key }) => key !== 'node.kubernetes.io/not-ready')
  if (left.length === taints.length) return node
  return cluster.patch<Node>(kinds.node, at, 'merge', { spec: { taints: left } })
}

/** Renews the lease until the signal aborts; then resolves. */
export async function keepAlive(options: {
  readonly cluster: Cluster
  readonly ports: Ports
  readonly node: Node
  readonly signal: AbortSignal
  readonly report: (error: unknown) => void
}): Promise<void> {
  const { cluster, ports, node, signal, report } = options
  while (!signal.aborted) {
    try {
      await renew(cluster, ports, node)
    } catch (error) {
      report(error)
    }
    await sleep(ports.clock, renewMs, signal)
  }
}

async function renew(cluster: Cluster, { clock }: Ports, node: Node): Promise<void> {
  const { name, uid = '' } = node.metadata
  const renewTime = microTimestamp(clock.now())
  const at = { namespace: leaseNamespace, name }
  try {
    await cluster.patch(kinds.lease, at, 'merge', { spec: { renewTime } })
    return
  } catch (error) {
    if (!isKube(error, 'NotFound')) throw error
  }
  await ensureNamespace(cluster)
  const spec = { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime }
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid }
  const metadata = { ...at, ownerReferences: [owner] }
  await create(cluster, kinds.lease, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata,
    spec,
  })
}

async function ensureNamespace(cluster: Cluster): Promise<void> {
  const metadata = { name: leaseNamespace }
  await create(cluster, kinds.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata })
}

async function create<T extends KubeObject>(cluster: Cluster, kind: Kind, object: T) {
  try {
    await cluster.create(kind, object)
  } catch (error) {
    if (!isKube(error, 'AlreadyExists')) throw error
  }
}

function nodeObject({ name, address, pods, kubeletPort }: NodeFacts, now: number): Node {
  const capacity = { cpu: '8', memory: '16Gi', 'ephemeral-storage': '100Gi', pods: String(pods) }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
      },
    },
    spec: {},
    status: {
      capacity,
      allocatable: capacity,
      conditions: nodeConditions(now),
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      nodeInfo: nodeInfo(name),
    },
  }
}

function nodeConditions(now: number) {
  const at = { lastHeartbeatTime: timestamp(now), lastTransitionTime: timestamp(now) }
  const fine = (type: string, reason: string, message: string) =>
    ({ type, status: 'False', reason, message, ...at }) as const
  return [
    fine('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    fine('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    fine('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
      ...at,
    } as const,
  ]
}

function nodeInfo(name: string) {
  return {
    machineID: name,
    systemUUID: name,
    bootID: name,
    kernelVersion: 'local',
    osImage: 'Headgate local cluster',
    containerRuntimeVersion: 'local://1',
    kubeletVersion: 'v1.34.4',
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
  }
}
