/** Writing objects of the cluster on behalf of an application, each write with its precondition. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { isKube } from '#kube/errors.ts'
import { found } from '../records.ts'
import { isOurs } from '../route.ts'
import { Failed, mustLead, type Work } from './work.ts'

export type At = { readonly namespace: string; readonly name: string }

export function read<T extends KubeObject>(
  { cluster }: Work,
  kind: Kind,
  at: At,
): Promise<T | undefined> {
  return found(cluster.get<T>(kind, at))
}

/** Makes it where nothing is; what is there already is answered. */
export async function createIfMissing<T extends KubeObject>(
  work: Work,
  kind: Kind,
  object: T,
): Promise<T> {
  mustLead(work)
  const { namespace = 'default', name } = object.metadata
  try {
    return await work.cluster.create<T>(kind, object)
  } catch (error) {
    if (!isKube(error, 'AlreadyExists')) throw error
    const there = await read<T>(work, kind, { namespace, name })
    if (there === undefined) throw error
    return there
  }
}

/** Writes an object of ours whole. @throws Failed where somebody else has the name. */
export async function put(
  work: Work,
  kind: Kind,
  object: KubeObject,
  before: KubeObject | undefined,
): Promise<KubeObject> {
  mustLead(work)
  if (before === undefined) return work.cluster.create(kind, object)
  if (!isOurs(before)) throw new Failed(takenBy(before))
  const { resourceVersion = '', uid = '', finalizers } = before.metadata
  const metadata = {
    ...object.metadata,
    resourceVersion,
    uid,
    ...(finalizers === undefined ? {} : { finalizers }),
  }
  return work.cluster.replace(kind, { ...object, metadata })
}

export function takenBy({ kind, metadata }: KubeObject): string {
  return `the ${kind} ${metadata.name} was made by somebody else; delete it, or give the application another name`
}

/** Removes what is ours; what is not there or not ours stays. True when it is gone. */
export async function removeOurs(work: Work, kind: Kind, at: At): Promise<boolean> {
  const there = await read<KubeObject>(work, kind, at)
  if (there === undefined) return true
  if (!isOurs(there)) return false
  if (there.metadata.deletionTimestamp === undefined) {
    mustLead(work)
    const { uid } = there.metadata
    await found(work.cluster.remove(kind, at, uid === undefined ? {} : { uid }))
  }
  return false
}

export const kindOfRoute = {
  ingress: kinds.ingress,
  httpRoute: kinds.httpRoute,
  configMap: kinds.configMap,
} as const
