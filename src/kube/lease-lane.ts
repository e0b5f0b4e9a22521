/** Reading, writing and watching one Lease, without ever waiting behind other requests. */
import { kinds } from '#core/k8s/kinds.ts'
import { errorOf, parseBody } from './answer.ts'
import type { Cache, Cluster } from './cluster.ts'
import { isKube } from './errors.ts'
import type { HttpRequest } from './http.ts'
import type { Lease } from './lease-record.ts'
import { createRequest, getRequest, replaceRequest } from './request.ts'

export type LeaseLane = {
  /** Undefined when there is none. @throws KubeError */
  readonly read: () => Promise<Lease | undefined>
  /**
   * Replaces what has the same version, or creates. Gives the lease as stored. @throws KubeError
   */
  readonly write: (lease: Lease, isNew: boolean) => Promise<Lease>
  readonly watch: () => Cache<Lease>
}

export function leaseLane(
  cluster: Cluster,
  at: { readonly namespace: string; readonly name: string },
  timeoutMs: number,
): LeaseLane {
  const send = async (request: HttpRequest): Promise<Lease> => {
    const { method, path, headers, body } = request
    const answer = await cluster.raw({
      method: method === 'POST' || method === 'PUT' ? method : 'GET',
      path,
      headers,
      ...(body === undefined ? {} : { body }),
      timeoutMs,
      lane: 'lease',
    })
    if (answer.status > 299) throw errorOf(request, answer, cluster.ports.clock.now())
    return parseBody(request, answer.body) as Lease
  }
  const named = { namespace: at.namespace, name: at.name }
  return {
    read: () =>
      send(getRequest(kinds.lease, named)).catch((error: unknown) => {
        if (isKube(error, 'NotFound')) return undefined
        throw error
      }),
    write: (lease, isNew) =>
      send(isNew ? createRequest(kinds.lease, lease, {}) : replaceRequest(kinds.lease, lease, {})),
    watch: () =>
      cluster.watch<Lease>(kinds.lease, {
        namespace: at.namespace,
        fieldSelector: `metadata.name=${at.name}`,
        project: (object) => object as Lease,
      }),
  }
}
