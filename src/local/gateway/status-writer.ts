/**
 * Writes statuses, one object at a time, only where they differ from what stands there. A conflict is computed anew
 * from the object as it is now, so nobody else's entries are lost.
 */
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'

const tries = 4

export type StatusWrite<T extends KubeObject> = {
  readonly kind: Kind
  readonly object: T
  /** The wanted status, computed from the object as it stands; undefined for nothing to say. */
  readonly wanted: (object: T) => object | undefined
}

/** Ends quietly when the object is gone. @throws KubeError when the server cannot be reached or refuses. */
export async function writeStatus<T extends KubeObject>(
  cluster: Cluster,
  { kind, object, wanted }: StatusWrite<T>,
): Promise<void> {
  const { name, namespace } = object.metadata
  const at = { name, ...(namespace === undefined ? {} : { namespace }) }
  let current = object
  for (let attempt = 1; ; attempt++) {
    const status = wanted(current)
    if (status === undefined || !differs(statusOf(current), status)) return
    const { resourceVersion } = current.metadata
    try {
      const body = { metadata: { resourceVersion }, status }
      await cluster.patch(kind, at, 'merge', body, { subresource: 'status' })
      return
    } catch (error) {
      if (isKube(error, 'NotFound')) return
      if (!isKube(error, 'Conflict') || attempt === tries) throw error
    }
    const fresh = await cluster.get<T>(kind, at).catch((error: unknown) => {
      if (isKube(error, 'NotFound')) return undefined
      throw error
    })
    if (fresh === undefined || fresh.metadata.uid !== object.metadata.uid) return
    current = fresh
  }
}

function statusOf(object: KubeObject): unknown {
  return (object as { readonly status?: unknown }).status
}

/** True when a field that we want is missing or other; fields that we say nothing of are not ours. */
function differs(current: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      !Array.isArray(current) ||
      current.length !== wanted.length ||
      wanted.some((item, index) => differs(current[index], item))
    )
  }
  if (typeof wanted !== 'object' || wanted === null) return current !== wanted
  if (typeof current !== 'object' || current === null) return true
  return Object.entries(wanted).some(([key, value]) =>
    differs((current as Record<string, unknown>)[key], value),
  )
}
