/** Gives each pod that has none a node: the one with the fewest pods among those its node selector names. */
import { kinds } from '#core/k8s/kinds.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube, KubeError } from '#kube/errors.ts'
import type { Ports } from '#kube/ports.ts'
import { keyOf } from '#kube/store.ts'
import { type WorkQueue, workQueue } from '#kube/work-queue.ts'
import type { EventRecorder } from '../controllers/events.ts'
import { matcher } from '../controllers/selectors.ts'
import type { Node, Pod } from '../controllers/shapes.ts'
import type { Watches } from '../controllers/watches.ts'

export type SchedulerOptions = {
  readonly cluster: Cluster
  readonly ports: Ports
  readonly watches: Watches
  readonly events: EventRecorder
  readonly report: (key: string, error: unknown) => void
}

/** Returns the queue it is driven by. */
export function startScheduler(options: SchedulerOptions): WorkQueue {
  const { cluster, ports, watches, events, report } = options
  const pods = watches.of<Pod>(kinds.pod)
  const nodes = watches.of<Node>(kinds.node)
  const load = new Map<string, number>()
  const count = (pod: Pod | undefined, by: number): void => {
    const node = pod?.spec.nodeName ?? ''
    if (node !== '') load.set(node, (load.get(node) ?? 0) + by)
  }

  const schedule = async (key: string): Promise<undefined> => {
    const pod = pods.get(key)
    if (pod === undefined || !needsNode(pod)) return
    const fit = [...nodes.values()].filter((node) => fits(pod, node))
    const [node] = fit.toSorted((a, b) => loadOf(load, a) - loadOf(load, b))
    if (node === undefined) {
      const said = `0/${nodes.size()} nodes are available: ${nodes.size()} node(s) didn't match Pod's node affinity/selector.`
      events.record(pod, 'Warning', 'FailedScheduling', said)
      return
    }
    const { name } = node.metadata
    // Counted at once, so that the pods of one moment do not all go to one node.
    load.set(name, loadOf(load, node) + 1)
    try {
      await bind(cluster, pod, name)
    } finally {
      load.set(name, loadOf(load, node) - 1)
    }
    events.record(pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${name}`)
  }

  const queue = workQueue({ clock: ports.clock, reconcile: schedule, onError: report })
  pods.subscribe((change) => {
    count(change.before, -1)
    if (change.type === 'gone') return
    count(change.now, 1)
    if (needsNode(change.now)) queue.add(change.key)
  })
  nodes.subscribe((change) => {
    if (change.type === 'put' && change.before !== undefined) return
    for (const pod of pods.values()) if (needsNode(pod)) queue.add(keyOf(pod))
  })
  return queue
}

function loadOf(load: ReadonlyMap<string, number>, node: Node): number {
  return load.get(node.metadata.name) ?? 0
}

function needsNode({ metadata, spec, status }: Pod): boolean {
  return (
    (spec.nodeName ?? '') === '' &&
    metadata.deletionTimestamp === undefined &&
    status?.phase !== 'Failed' &&
    (spec.schedulerName ?? 'default-scheduler') === 'default-scheduler'
  )
}

function fits(pod: Pod, node: Node): boolean {
  if (node.spec?.unschedulable === true) return false
  return matcher({ matchLabels: pod.spec.nodeSelector ?? {} })(node.metadata.labels)
}

async function bind(cluster: Cluster, { metadata }: Pod, node: string): Promise<void> {
  const { name, namespace = '', uid } = metadata
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  })
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/binding`
  const headers = { 'content-type': 'application/json' }
  const answer = await cluster.raw({ method: 'POST', path, body, headers })
  if (answer.status < 300) return
  // The pod is gone, or has a node by now: either way there is nothing left to do.
  if (answer.status === 409) return
  if (answer.status !== 404 && answer.status !== 405) {
    const message = `cannot bind pod ${namespace}/${name} to ${node}: ${answer.body.slice(0, 300)}`
    throw new KubeError({ reason: 'Unknown', code: answer.status, message })
  }
  await bindByPatch(cluster, metadata, node)
}

// For API servers without the binding subresource.
async function bindByPatch(cluster: Cluster, metadata: Pod['metadata'], node: string) {
  const { uid } = metadata
  try {
    const body = { metadata: { uid }, spec: { nodeName: node } }
    await cluster.patch(kinds.pod, metadata, 'merge', body)
  } catch (error) {
    if (!isKube(error, 'NotFound', 'Conflict')) throw error
  }
}
