/**
 * `headgate uninstall`: gives everything back before Headgate itself is removed. Releases end with their stable revision
 * serving all traffic, and with pods, Services and routes left where they are; then the controller is stopped, and what it
 * had registered for itself is taken away.
 */
import { definedKind } from '#core/api/definition.ts'
import type { CustomResourceDefinition } from '#core/k8s/definition.ts'
import { apiVersionOf, type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { faces } from '#doors/faces.ts'
import { doors } from '#doors/register.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { orUndefined } from '#releases/entry.ts'
import { RefusedError, TimeoutError } from '#releases/errors.ts'
import { findInstalled } from '../doctor/installed.ts'
import { durationOf } from '../options.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'
import { watchUntil } from '../wait.ts'
import { within } from '../within.ts'

export type UninstallCommand = ClusterOptions & {
  readonly yes?: boolean
  readonly timeout: string
}

type Held = { readonly kind: Kind; readonly objects: readonly KubeObject[] }
type Scope = { readonly namespace?: string }

/** @throws RefusedError without --yes; TimeoutError with the names of what could not be given back. */
export async function uninstall(options: UninstallCommand): Promise<void> {
  const timeoutMs = durationOf('--timeout', options.timeout)
  await withCluster(options, async ({ cluster, config }) => {
    const scope = options.namespace === undefined ? {} : { namespace: options.namespace }
    const list = (kind: Kind): Promise<Held> => held(cluster, kind, scope)
    const records = await Promise.all(recordKinds().map(list))
    const releases = await Promise.all(doors.map(({ kind }) => list(kind)))
    tell(`In ${config.source} there are ${[...releases, ...records].map(counted).join(', ')}.`)
    if (options.yes !== true)
      throw new RefusedError(
        'all of these are deleted, so keep your manifests; each ends with its stable revision serving, and pods, Services and routes stay; say --yes if that is meant',
      )
    // First: as long as a record is there, its face would write the Release once more.
    for (const some of records) await removeAll(cluster, some)
    for (const some of releases) await removeAll(cluster, some)
    const gone = releases.map((some) => untilGone(cluster, some, scope))
    await within(timeoutMs, Promise.all(gone)).catch(async () => {
      const left = (await Promise.all(doors.map(({ kind }) => list(kind)))).flatMap(namesOf)
      throw new TimeoutError(
        `${left.join(', ')}: not given back within ${options.timeout}; their deletion stands and goes on as soon as a controller runs (\`headgate doctor\` looks)`,
      )
    })
    // Of one namespace only: the others' releases need the controller still.
    if (options.namespace === undefined) {
      await within(timeoutMs, stopController(cluster))
      await unregister(cluster)
    }
    tell(
      'All is given back. Remove Headgate the way it was installed; its definitions may go, too.',
    )
  })
}

/** Resources of faces that stand for something; what belongs to them goes with them. */
function recordKinds(): readonly Kind[] {
  return faces.flatMap(({ crds }) => crds).map(definedKind)
}

/** None where the cluster does not serve the kind. */
async function held(cluster: Cluster, kind: Kind, scope: Scope): Promise<Held> {
  try {
    return { kind, objects: (await cluster.list(kind, scope)).items }
  } catch (error) {
    if (isKube(error, 'NotFound')) return { kind, objects: [] }
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

async function untilGone(cluster: Cluster, { kind, objects }: Held, scope: Scope): Promise<void> {
  if (objects.length === 0) return
  const uids = new Set(objects.map(({ metadata }) => metadata.uid))
  await until(
    cluster.watch(kind, scope),
    (cache) => ![...cache.values()].some(({ metadata }) => uids.has(metadata.uid)),
  )
}

/** It would register its webhooks once more as long as it runs. */
async function stopController(cluster: Cluster): Promise<void> {
  const installed = await findInstalled(cluster)
  if (installed === undefined) return
  const { namespace, name } = installed
  await cluster.patch(kinds.deployment, { namespace, name }, 'merge', { spec: { replicas: 0 } })
  tell(`Deployment ${namespace}/${name} is scaled to zero.`)
  type Scaled = KubeObject & { readonly status?: { readonly replicas?: number } }
  const fieldSelector = `metadata.name=${name}`
  const project = (object: KubeObject): Scaled => object
  await until(
    cluster.watch<Scaled>(kinds.deployment, { namespace, fieldSelector, project }),
    (cache) => (cache.get(`${namespace}/${name}`)?.status?.replicas ?? 0) === 0,
  )
}

async function until<T>(cache: Cache<T>, holds: (cache: Cache<T>) => boolean): Promise<void> {
  await cache.synced()
  await watchUntil(cache, () => holds(cache))
  await cache.stop()
}

/** Nobody answers at its webhooks any more: left there, they would keep people from writing what is left. */
async function unregister(cluster: Cluster): Promise<void> {
  for (const { kind, validation, conversion } of doors) {
    if (validation !== undefined) {
      const at = { name: validation.configuration }
      await orUndefined(cluster.remove(kinds.validatingWebhookConfiguration, at))
    }
    if (conversion === undefined) continue
    const at = { name: `${kind.plural}.${kind.group}` }
    const crd = await orUndefined(
      cluster.get<CustomResourceDefinition>(kinds.customResourceDefinition, at),
    )
    if (crd?.spec.conversion?.strategy !== 'Webhook') continue
    await cluster.patch(kinds.customResourceDefinition, at, 'merge', {
      spec: { conversion: { strategy: 'None', webhook: null } },
    })
  }
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
