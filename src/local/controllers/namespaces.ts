/** Empties a namespace that is being deleted, kind by kind, and lets it go when nothing is left. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube, KubeError } from '#kube/errors.ts'
import type { LookAgain } from '#kube/work-queue.ts'
import { type Context, type Controller, queueFor } from './context.ts'
import { discover, type ServedKind } from './discovery.ts'
import { semanticEqual } from './equality.ts'
import type { Namespace, PodCondition } from './shapes.ts'
import { timestamp } from './times.ts'

// What is left is pods in their grace period, mostly.
const lookAgainMs = 500

export function startNamespaces(context: Context): Controller {
  const { watches } = context
  const namespaces = watches.of<Namespace>(kinds.namespace)
  const queue = queueFor(context, 'namespace-controller', async (name) => {
    const namespace = namespaces.get(name)
    if (namespace?.metadata.deletionTimestamp === undefined) return undefined
    if ((namespace.spec?.finalizers ?? []).length === 0) return undefined
    return empty(context, namespace)
  })
  namespaces.subscribe((change) => {
    if (change.type === 'put') queue.add(change.key)
  })
  return { name: 'namespace-controller', queue }
}

type Remainder = { readonly kind: ServedKind; readonly items: readonly KubeObject[] }

async function empty(context: Context, namespace: Namespace): Promise<LookAgain> {
  const { cluster } = context
  const { kinds: served, unread } = await discover(cluster)
  const swept = served.filter(
    ({ namespaced, verbs }) => namespaced && verbs.includes('list') && verbs.includes('delete'),
  )
  const { name } = namespace.metadata
  const left = (await Promise.all(swept.map((kind) => sweep(cluster, kind, name)))).filter(
    ({ items }) => items.length > 0,
  )
  if (left.length === 0 && unread === 0) {
    await finalize(cluster, namespace)
    return undefined
  }
  await writeConditions(context, namespace, left, unread)
  return lookAgainMs
}

/** Deletes what there is of one kind; returns what was there. */
async function sweep(cluster: Cluster, kind: ServedKind, namespace: string): Promise<Remainder> {
  const { items } = await cluster.list(kind, { namespace })
  const work = items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(async ({ metadata }) => {
      const { uid } = metadata
      try {
        const options = uid === undefined ? {} : { uid }
        await cluster.remove(kind, metadata, { propagation: 'Background', ...options })
      } catch (error) {
        if (!isKube(error, 'NotFound', 'Conflict')) throw error
      }
    })
  await Promise.all(work)
  if (items.length === 0) return { kind, items }
  // Most objects go at once; only what stays is worth waiting for.
  const after = await cluster.list(kind, { namespace })
  return { kind, items: after.items }
}

async function finalize(cluster: Cluster, namespace: Namespace): Promise<void> {
  const { name } = namespace.metadata
  const finalizers = (namespace.spec?.finalizers ?? []).filter((one) => one !== 'kubernetes')
  const body = JSON.stringify({ ...namespace, spec: { ...namespace.spec, finalizers } })
  const path = `/api/v1/namespaces/${name}/finalize`
  const headers = { 'content-type': 'application/json' }
  const { status, body: answer } = await cluster.raw({ method: 'PUT', path, body, headers })
  if (status < 300 || status === 404) return
  const message = `cannot finalize namespace ${name}: ${answer.slice(0, 300)}`
  throw new KubeError({ reason: status === 409 ? 'Conflict' : 'Unknown', code: status, message })
}

async function writeConditions(
  { cluster, ports }: Context,
  namespace: Namespace,
  left: readonly Remainder[],
  unread: number,
): Promise<void> {
  const known = namespace.status?.conditions ?? []
  const lastTransitionTime = timestamp(ports.clock.now())
  const condition = (type: string, bad: boolean, reason: string, message: string): PodCondition => {
    const status = bad ? 'True' : 'False'
    const before = known.find((one) => one.type === type)
    const since = before?.status === status ? before.lastTransitionTime : undefined
    return { type, status, reason, message, lastTransitionTime: since ?? lastTransitionTime }
  }
  const content = left.map(
    ({ kind, items }) => `${kind.plural}.${kind.group} has ${items.length} resource instances`,
  )
  const finalizers = finalizersOf(left)
  const conditions = [
    unread > 0
      ? condition(
          'NamespaceDeletionDiscoveryFailure',
          true,
          'DiscoveryFailed',
          `Discovery failed for some groups, ${unread} failing`,
        )
      : condition(
          'NamespaceDeletionDiscoveryFailure',
          false,
          'ResourcesDiscovered',
          'All resources successfully discovered',
        ),
    content.length > 0
      ? condition(
          'NamespaceContentRemaining',
          true,
          'SomeResourcesRemain',
          `Some resources are remaining: ${content.join(', ')}`,
        )
      : condition(
          'NamespaceContentRemaining',
          false,
          'ContentRemoved',
          'All content successfully removed',
        ),
    finalizers.length > 0
      ? condition(
          'NamespaceFinalizersRemaining',
          true,
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
        )
      : condition(
          'NamespaceFinalizersRemaining',
          false,
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        ),
  ]
  if (semanticEqual(conditions, known)) return
  const options = { subresource: 'status' }
  const body = { status: { conditions } }
  await cluster.patch(kinds.namespace, namespace.metadata, 'merge', body, options)
}

function finalizersOf(left: readonly Remainder[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const { items } of left) {
    for (const name of items.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return [...counts].map(([name, count]) => `${name} in ${count} resource instances`)
}
