/** Who an app is: what every door takes from the object itself in the same way. */
import { apiVersionOf, type Kind } from '../k8s/kinds.ts'
import type { KubeObject, OwnerReference } from '../k8s/meta.ts'
import type { App } from '../model/app.ts'
import { parseInstant } from '../time.ts'

export type Identity = Pick<
  App,
  | 'namespace'
  | 'name'
  | 'uid'
  | 'generation'
  | 'createdAt'
  | 'deletedAt'
  | 'resourceVersion'
  | 'finalizers'
  | 'owner'
>

/** `kind` is what owner references say, whichever version the object was read in. */
export function identityOf(object: Pick<KubeObject, 'metadata'>, kind: Kind): Identity {
  const { metadata } = object
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    createdAt: parseInstant(metadata.creationTimestamp) ?? 0,
    deletedAt: parseInstant(metadata.deletionTimestamp),
    resourceVersion: metadata.resourceVersion ?? '',
    finalizers: metadata.finalizers ?? [],
    owner: ownerOf(object, kind),
  }
}

/** What makes an object go with its owner, and tells others that it has one. */
export function ownerOf({ metadata }: Pick<KubeObject, 'metadata'>, kind: Kind): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}
