/** What belongs to a release in the cluster: its revisions with their workloads and pods. */
import { kindOf, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { PodTemplate, Workload } from '#core/k8s/workloads.ts'
import { labels, workloadOfPod } from '#core/render/names.ts'
import type { Cluster, List } from '#kube/cluster.ts'
import { type Entry, orUndefined } from './entry.ts'
import { rolesInUse } from './facts.ts'

export type Pod = KubeObject & {
  readonly spec?: { readonly nodeName?: string }
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly {
      readonly restartCount?: number
      readonly state?: { readonly waiting?: { readonly reason?: string } }
    }[]
  }
}

export type WorkloadPart = {
  readonly object: Workload
  readonly pods: readonly Pod[]
}

export type RevisionPart = {
  readonly revision: string
  /** Of the roles that run it now; none for one that is kept only as a way back. */
  readonly roles: readonly string[]
  readonly workloads: readonly WorkloadPart[]
  readonly createdAt: string
}

/** By revision, the newest first. */
export async function revisionsOf(
  cluster: Cluster,
  entry: Entry,
): Promise<readonly RevisionPart[]> {
  const [objects, pods] = await Promise.all([workloadsOf(cluster, entry), podsOf(cluster, entry)])
  return revisionsFrom(entry, objects, pods)
}

/** The same of what was listed by the release's label: only what belongs to it counts. */
export function revisionsFrom(
  entry: Entry,
  listed: readonly Workload[],
  pods: readonly Pod[],
): readonly RevisionPart[] {
  const { uid } = entry.object.metadata
  const kind = entry.app?.workloads.kind ?? 'ReplicaSet'
  const objects = listed
    .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) === true)
    .map((item) => ({ ...item, kind }))
  const names = objects.map(({ metadata }) => metadata.name)
  const byWorkload = Map.groupBy(pods, ({ metadata }) => workloadOfPod(metadata.name, names) ?? '')
  const byRevision = Map.groupBy(objects, (object) => revisionLabel(object))
  return [...byRevision]
    .map(
      ([revision, own]): RevisionPart => ({
        revision,
        roles: rolesRunning(entry, revision),
        workloads: own.map((object) => ({
          object,
          pods: byWorkload.get(object.metadata.name) ?? [],
        })),
        createdAt: own.map(({ metadata }) => metadata.creationTimestamp ?? '').sort()[0] ?? '',
      }),
    )
    .toSorted((one, other) => other.createdAt.localeCompare(one.createdAt))
}

function revisionLabel({ metadata }: KubeObject): string {
  return metadata.labels?.[labels.revision] ?? ''
}

/** Also of a trial that has no Service of its own, as in a rolling update. */
function rolesRunning({ book }: Entry, revision: string): readonly string[] {
  const all = [...rolesInUse(book), ...(book?.trials ?? [])]
  const own = all.filter((one) => one.revision === revision)
  return [...new Set(own.map(({ role }) => role))]
}

async function workloadsOf(cluster: Cluster, entry: Entry): Promise<readonly Workload[]> {
  const kind = kindOf(entry.app?.workloads.kind ?? 'ReplicaSet')
  return seen(
    cluster.list<Workload>(kind, {
      namespace: entry.namespace,
      labelSelector: `${labels.release}=${entry.name}`,
    }),
  )
}

async function podsOf(cluster: Cluster, { namespace, name }: Entry): Promise<readonly Pod[]> {
  const labelSelector = `${labels.release}=${name}`
  return seen(cluster.list<Pod>(kinds.pod, { namespace, labelSelector }))
}

/** Who may not see them sees the release without them. */
async function seen<T>(asked: Promise<List<T>>): Promise<readonly T[]> {
  return (await orUndefined(asked))?.items ?? []
}

/** The images of a template, as people tell versions apart. */
export function imagesOf(template: PodTemplate): string {
  return template.spec.containers.map(({ image = '' }) => image).join(', ')
}

/** `Ready`, or what keeps it from being so. */
export function podState({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  const ready = status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')
  if (ready === true) return 'Ready'
  const waiting = status?.containerStatuses?.find(
    ({ state }) => state?.waiting?.reason !== undefined,
  )
  return waiting?.state?.waiting?.reason ?? status?.phase ?? 'Pending'
}

export function restartsOf({ status }: Pod): number {
  return (status?.containerStatuses ?? []).reduce(
    (sum, { restartCount = 0 }) => sum + restartCount,
    0,
  )
}
