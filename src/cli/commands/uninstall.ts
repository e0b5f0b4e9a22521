/**
 * `headgate uninstall`: gives everything back before Headgate itself is removed. Releases end with their stable revision
 * serving all traffic, and with pods, Services and routes left where they are.
 */
import { apiVersionOf, type Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { faces } from '#doors/faces.ts'
import { doors } from '#doors/register.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { RefusedError, TimeoutError } from '#releases/errors.ts'
import { durationOf } from '../options.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'
import { watchUntil } from '../wait.ts'
import { within } from '../within.ts'

export type UninstallCommand = ClusterOptions & {
  readonly yes?: boolean
  readonly timeout: string
}

type Held = { readonly kind: Kind; readonly objects: readonly KubeObject[] }

/** @throws RefusedError without --yes; TimeoutError with the names of what could not be given back. */
export async function uninstall(options: UninstallCommand): Promise<void> {
  const timeoutMs = durationOf('--timeout', options.timeout)
  await withCluster(options, async ({ cluster, config }) => {
    const scope = options.namespace === undefined ? {} : { namespace: options.namespace }
    const list = async (kind: Kind): Promise<Held> => ({
      kind,
      objects: await listed(cluster, kind, scope),
    })
    const records = await Promise.all(recordKinds().map(list))
    const releases = await Promise.all(doors.map(({ kind }) => list(kind)))
    tell(`In ${config.source} there are ${[...releases, ...records].map(counted).join(', ')}.`)
    if (options.yes !== true)
      throw new RefusedError(
        'releases end with their stable revision serving, their pods, Services and routes stay, records are deleted; say --yes if that is meant',
      )
    // First: as long as a record is there, its face would write the Release once more.
    for (const held of records) await removeAll(cluster, held)
    for (const held of releases) await removeAll(cluster, held)
    const gone = releases.map((held) => untilGone(cluster, held, scope))
    await within(timeoutMs, Promise.all(gone)).catch(async () => {
      const left = (await Promise.all(doors.map(({ kind }) => list(kind)))).flatMap(namesOf)
      throw new TimeoutError(
        `${left.join(', ')}: not given back within ${options.timeout}; is the controller running? \`headgate doctor\` looks`,
      )
    })
    tell(
      'All is given back. Remove Headgate the way it was installed; its definitions may go, too.',
    )
  })
}

/** Resources of faces that stand for something; what belongs to them goes with them. */
function recordKinds(): readonly Kind[] {
  type Definition = KubeObject & {
    readonly spec: {
      readonly group: string
      readonly names: { readonly kind: string; readonly plural: string }
      readonly versions: readonly { readonly name: string }[]
    }
  }
  return faces
    .flatMap(({ crds }) => crds)
    .map((crd) => {
      const { group, names, versions } = (crd as Definition).spec
      return { group, ...names, version: versions[0]?.name ?? 'v1', namespaced: true }
    })
}

/** None where the cluster does not serve the kind. */
async function listed(
  cluster: Cluster,
  kind: Kind,
  scope: { readonly namespace?: string },
): Promise<readonly KubeObject[]> {
  try {
    return (await cluster.list(kind, scope)).items
  } catch (error) {
    if (isKube(error, 'NotFound')) return []
    throw error
  }
}

async function removeAll(cluster: Cluster, { kind, objects }: Held): Promise<void> {
  for (const { metadata } of objects) {
    const { namespace = 'default', name, uid } = metadata
    const exactly = uid === undefined ? {} : { uid }
    await cluster
      .remove(kind, { namespace, name }, { ...exactly, propagation: 'Orphan' })
      .catch((error: unknown) => {
        if (!isKube(error, 'NotFound', 'Conflict')) throw error
      })
  }
}

async function untilGone(
  cluster: Cluster,
  { kind, objects }: Held,
  scope: { readonly namespace?: string },
): Promise<void> {
  if (objects.length === 0) return
  const uids = new Set(objects.map(({ metadata }) => metadata.uid))
  const cache = cluster.watch(kind, scope)
  const isGone = (): boolean =>
    cache.isSynced() && ![...cache.values()].some(({ metadata }) => uids.has(metadata.uid))
  await cache.synced()
  await watchUntil(cache, isGone)
  await cache.stop()
}

function counted({ kind, objects }: Held): string {
  return `${objects.length} ${kind.plural}.${apiVersionOf(kind).split('/')[0]}`
}

function namesOf({ kind, objects }: Held): readonly string[] {
  return objects.map(
    ({ metadata }) => `${kind.kind} ${metadata.namespace ?? 'default'}/${metadata.name}`,
  )
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}
