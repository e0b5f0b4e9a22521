/**
 * Records as every replica holds them: their answers written out, the rest in a few words. Reads come from the caches
 * once these have seen what was written through this replica.
 */
import type { KubeObject, ObjectMeta } from '#core/k8s/meta.ts'
import { parseInstant } from '#core/time.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { Ledger } from '#kube/own-writes.ts'
import {
  type DeploymentRecord,
  type DescriptorRecord,
  deploymentKind,
  descriptorKind,
  type Status,
} from './kinds.ts'
import { annotations } from './names.ts'
import { deploymentJson, descriptorJson } from './wire.ts'

export type HeldDescriptor = {
  readonly metadata: HeldMeta
  readonly appName: string
  readonly created: number
  readonly lastModified: number
  /** The answer of the API, as text. */
  readonly json: string
}

export type HeldDeployment = {
  readonly metadata: HeldMeta
  readonly appName: string
  readonly created: number
  /** As people see it: what was asked for already counts. */
  readonly status: Status
  /** As the leader wrote it. */
  readonly recorded: DeploymentRecord['status']
  readonly undeploy: DeploymentRecord['spec']['undeploy']
  /** Brought over from another program: never begun by us. */
  readonly isImported: boolean
  readonly json: string
}

type HeldMeta = Pick<ObjectMeta, 'name' | 'namespace' | 'uid' | 'resourceVersion'>

export type Records = {
  readonly descriptors: Cache<HeldDescriptor>
  readonly deployments: Cache<HeldDeployment>
  /** Resolves when the caches have seen this answer of a write, or after a few seconds. */
  readonly seen: (cache: Cache<unknown>, answer: KubeObject) => Promise<void>
}

export function watchRecords(cluster: Cluster, within: { readonly namespace?: string }): Records {
  return {
    descriptors: cluster.watch(descriptorKind, {
      ...within,
      project: (object) => heldDescriptor(object as DescriptorRecord),
    }),
    deployments: cluster.watch(deploymentKind, {
      ...within,
      project: (object) => heldDeployment(object as DeploymentRecord),
    }),
    seen: (cache, answer) => seen(cluster, cache, answer),
  }
}

const patienceMs = 5000

/** A cache that is behind for long answers late, not never. */
function seen(cluster: Cluster, cache: Cache<unknown>, answer: KubeObject): Promise<void> {
  const ledger = new Ledger()
  ledger.wrote(cache, answer)
  if (!ledger.behind()) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      cancel()
      end()
      resolve()
    }
    const cancel = cluster.ports.clock.after(patienceMs, done)
    const end = cache.subscribe(() => {
      if (!ledger.behind()) done()
    })
  })
}

function heldMeta({ name, namespace, uid, resourceVersion }: ObjectMeta): HeldMeta {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
}

export function heldDescriptor(record: DescriptorRecord): HeldDescriptor {
  const { spec, metadata } = record
  return {
    metadata: heldMeta(metadata),
    appName: spec.appName,
    created: parseInstant(spec.created) ?? 0,
    lastModified: parseInstant(spec.lastModified) ?? 0,
    json: descriptorJson(record),
  }
}

export function heldDeployment(record: DeploymentRecord): HeldDeployment {
  const { spec, metadata, status } = record
  const { health: _health, ...recorded } = status ?? {}
  return {
    metadata: heldMeta(metadata),
    appName: spec.appName,
    created: parseInstant(spec.created) ?? 0,
    status: statusOf(record),
    recorded: status === undefined ? undefined : (recorded as DeploymentRecord['status']),
    undeploy: spec.undeploy,
    isImported: metadata.annotations?.[annotations.imported] !== undefined,
    json: deploymentJson(record, statusOf(record)),
  }
}

/** A record that nobody worked on yet is on its way, and one that is to go is on its way out. */
export function statusOf({ spec, status }: DeploymentRecord): Status {
  const written = status?.status ?? 'DEPLOYING'
  return written === 'DEPLOYED' && spec.undeploy !== undefined ? 'UNDEPLOYING' : written
}

/** What the cluster has under a name; undefined where there is nothing. */
export async function found<T>(ask: Promise<T>): Promise<T | undefined> {
  try {
    return await ask
  } catch (error) {
    if (isKube(error, 'NotFound')) return undefined
    throw error
  }
}
