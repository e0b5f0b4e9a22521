/**
 * `headgate migrate storage`: after an upgrade that stores a resource in another version, writes each object once, so that
 * it is stored anew, and then strikes the former versions off the definition's list. Only then may a version go.
 */
import type { CustomResourceDefinition } from '#core/k8s/definition.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import { definitions } from '#doors/definitions.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { orUndefined } from '#releases/entry.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'

/** May be run again at any time, also after it was ended in the middle. */
export async function migrateStorage(options: ClusterOptions): Promise<void> {
  await withCluster(options, async ({ cluster }) => {
    for (const { metadata } of definitions) {
      const { name } = metadata
      const there = await orUndefined(
        cluster.get<CustomResourceDefinition>(kinds.customResourceDefinition, { name }),
      )
      if (there !== undefined) await migrated(cluster, there)
    }
  })
}

async function migrated(
  cluster: Cluster,
  { metadata, spec, status }: CustomResourceDefinition,
): Promise<void> {
  const { name } = metadata
  const stored = spec.versions.find(({ storage }) => storage)?.name ?? ''
  const former = (status?.storedVersions ?? []).filter((version) => version !== stored)
  if (former.length === 0) return tell(`${name}: all is stored as ${stored}`)
  const { kind, plural } = spec.names
  const count = await writtenAnew(cluster, {
    ...{ group: spec.group, version: stored, kind, plural, namespaced: true },
  })
  // Whoever changed the definition meanwhile may have stored another version since.
  const { resourceVersion } = metadata
  await cluster.patch(
    kinds.customResourceDefinition,
    { name },
    'merge',
    { metadata: { resourceVersion }, status: { storedVersions: [stored] } },
    { subresource: 'status' },
  )
  tell(
    `${name}: ${count} ${count === 1 ? 'object is' : 'objects are'} stored as ${stored} now, no longer as ${former.join(', ')}`,
  )
}

/** A write of nothing: the server stores an object in the present version whenever it writes it. */
async function writtenAnew(cluster: Cluster, kind: Kind): Promise<number> {
  const { items } = await cluster.list(kind)
  for (const { metadata } of items) {
    const { namespace = 'default', name } = metadata
    await cluster.patch(kind, { namespace, name }, 'merge', {}).catch((error: unknown) => {
      if (!isKube(error, 'NotFound')) throw error
    })
  }
  return items.length
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}
