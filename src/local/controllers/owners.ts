/** Who controls what, and how a controller comes to control, or lets go of, what its selector (no longer) matches. */
import { apiVersionOf, type Kind } from '#core/k8s/kinds.ts'
import type { KubeObject, OwnerReference } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { Matches } from './selectors.ts'

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true)
}

/** The reference an object carries to say that `owner` controls it. */
export function controllerReference(kind: Kind, owner: KubeObject): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

export type Claim<T> = {
  readonly cluster: Cluster
  readonly ownerKind: Kind
  readonly owner: KubeObject
  readonly kind: Kind
  /** Those the owner controls already, and orphans of its namespace. */
  readonly candidates: readonly T[]
  readonly matches: Matches
  readonly wrote: (answer: KubeObject) => void
}

/**
 * Adopts orphans that match, releases owned objects that do not, and returns what the owner controls after that.
 * @throws KubeError other than those that mean that the object or the owner is gone.
 */
export async function claim<T extends KubeObject>(request: Claim<T>): Promise<readonly T[]> {
  const claimed: T[] = []
  const adoption = { allowed: undefined as boolean | undefined }
  for (const object of request.candidates) {
    const kept = await claimOne(request, object, adoption)
    if (kept !== undefined) claimed.push(kept)
  }
  return claimed
}

async function claimOne<T extends KubeObject>(
  request: Claim<T>,
  object: T,
  adoption: { allowed: boolean | undefined },
): Promise<T | undefined> {
  const { owner, matches } = request
  const controller = controllerOf(object)
  if (controller !== undefined) {
    if (controller.uid !== owner.metadata.uid) return undefined
    if (matches(object.metadata.labels)) return object
    if (owner.metadata.deletionTimestamp === undefined) await release(request, object)
    return undefined
  }
  if (owner.metadata.deletionTimestamp !== undefined) return undefined
  if (object.metadata.deletionTimestamp !== undefined) return undefined
  if (!matches(object.metadata.labels)) return undefined
  adoption.allowed ??= await mayAdopt(request)
  return adoption.allowed ? adopt(request, object) : undefined
}

// The owner is read again: what was deleted a moment ago must not take orphans with it.
async function mayAdopt<T>({ cluster, ownerKind, owner }: Claim<T>): Promise<boolean> {
  try {
    const fresh = await cluster.get(ownerKind, owner.metadata)
    if (fresh.metadata.uid !== owner.metadata.uid) return false
    return fresh.metadata.deletionTimestamp === undefined
  } catch (error) {
    if (isKube(error, 'NotFound')) return false
    throw error
  }
}

async function adopt<T extends KubeObject>(request: Claim<T>, object: T): Promise<T | undefined> {
  const reference = controllerReference(request.ownerKind, request.owner)
  const others = object.metadata.ownerReferences ?? []
  return patchOwners(request, object, [...others, reference])
}

async function release<T extends KubeObject>(request: Claim<T>, object: T): Promise<void> {
  const others = (object.metadata.ownerReferences ?? []).filter(
    (reference) => reference.uid !== request.owner.metadata.uid,
  )
  await patchOwners(request, object, others)
}

// The resourceVersion goes along, so that nobody else's change to the references is lost.
async function patchOwners<T extends KubeObject>(
  { cluster, kind, wrote }: Claim<T>,
  { metadata }: T,
  ownerReferences: readonly OwnerReference[],
): Promise<T | undefined> {
  const { uid, resourceVersion } = metadata
  const body = { metadata: { uid, resourceVersion, ownerReferences } }
  try {
    const answer = await cluster.patch<T>(kind, metadata, 'merge', body)
    wrote(answer)
    return answer
  } catch (error) {
    if (isKube(error, 'NotFound')) return undefined
    throw error
  }
}
