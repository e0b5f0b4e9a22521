/** Gives each pod that has none a node: the one with the fewest pods among those that it fits on. */
import { kinds } from '#core/k8s/kinds.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube, KubeError } from '#kube/errors.ts'
import type { Ports } from '#kube/ports.ts'
import { keyOf } from '#kube/store.ts'
import { type WorkQueue, workQueue } from '#kube/work-queue.ts'
import { semanticEqual } from '../controllers/equality.ts'
import type { EventRecorder } from '../controllers/events.ts'
import { matcher } from '../controllers/selectors.ts'
import type { Node, Pod, Taint, Toleration } from '../controllers/shapes.ts'
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
    const fit = [...nodes.values()].filter((node) => obstacle(pod, node) === undefined)
    const [node] = fit.toSorted((a, b) => loadOf(load, a) - loadOf(load, b))
    if (node === undefined) {
      events.record(pod, 'Warning', 'FailedScheduling', told(pod, [...nodes.values()]))
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
    if (change.type === 'gone' || takesAsBefore(change.before, change.now)) return
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

function takesAsBefore(before: Node | undefined, now: Node): boolean {
  return (
    before !== undefined &&
    semanticEqual(before.spec, now.spec) &&
    semanticEqual(before.metadata.labels, now.metadata.labels)
  )
}

/** Why a pod cannot go to a node, in the words of the scheduler; undefined when it can. */
function obstacle({ spec }: Pod, node: Node): string | undefined {
  if (node.spec?.unschedulable === true) return 'were unschedulable'
  const taint = (node.spec?.taints ?? []).find(
    (one) =>
      one.effect !== 'PreferNoSchedule' &&
      !(spec.tolerations ?? []).some((toleration) => tolerates(toleration, one)),
  )
  if (taint !== undefined) return `had untolerated taint {${taint.key}: ${taint.value ?? ''}}`
  const chosen = matcher({ matchLabels: spec.nodeSelector ?? {} })(node.metadata.labels)
  return chosen ? undefined : "didn't match Pod's node affinity/selector"
}

function tolerates({ key = '', operator, value = '', effect = '' }: Toleration, taint: Taint) {
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  return operator === 'Exists' || (key !== '' && value === (taint.value ?? ''))
}

function told(pod: Pod, nodes: readonly Node[]): string {
  const counts = new Map<string, number>()
  for (const node of nodes) {
    const why = obstacle(pod, node) ?? ''
    counts.set(why, (counts.get(why) ?? 0) + 1)
  }
  const list = [...counts].map(([why, count]) => `${count} node(s) ${why}`).sort()
  return `0/${nodes.length} nodes are available: ${list.join(', ')}.`
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
