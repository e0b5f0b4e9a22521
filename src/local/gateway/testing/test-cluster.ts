/** For tests: an API server in memory with the CRDs of all routers and the class nginx, and a client that puts objects as a person would. */
import { apiVersionOf, type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectMeta } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import { isKube } from '#kube/errors.ts'
import type { Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { createApiServer } from '../../api-server/api-server.ts'
import { gatewayApiCrds } from '../../crds/gateway-api.ts'
import { nginxIngressClass } from '../../crds/ingress-nginx.ts'
import { istioCrds } from '../../crds/istio.ts'

type Given = { readonly metadata: ObjectMeta }

export type TestCluster = {
  /** The client of the part on trial. */
  readonly cluster: Cluster
  /** Creates or replaces an object, its status too where one is given. */
  readonly put: (kind: Kind, object: Given & { readonly [field: string]: unknown }) => Promise<void>
  /** `namespace/name` or `name`. */
  readonly get: <T extends KubeObject>(kind: Kind, key: string) => Promise<T>
  /** How many writes the part on trial has made. */
  readonly writes: () => number
  readonly close: () => Promise<void>
}

export async function testCluster(ports: Ports): Promise<TestCluster> {
  const server = await createApiServer(ports)
  const person = connectTo(server.transport(), ports)
  let writes = 0
  const inner = server.transport()
  const counting: Transport = {
    close: inner.close,
    send: (request, options) => {
      if (request.method !== 'GET') writes++
      return inner.send(request, options)
    },
  }
  const cluster = connectTo(counting, ports)
  const crds = [...gatewayApiCrds(), ...istioCrds()]
  await Promise.all(crds.map((crd) => person.create(kinds.customResourceDefinition, crd)))
  await person.create(kinds.ingressClass, nginxIngressClass)
  return {
    cluster,
    put: (kind, object) => put(person, kind, object),
    get: (kind, key) => {
      const [first = '', second] = key.split('/')
      return person.get(
        kind,
        second === undefined ? { name: first } : { namespace: first, name: second },
      )
    },
    writes: () => writes,
    close: async () => {
      await cluster.close()
      await person.close()
    },
  }
}

async function put(
  person: Cluster,
  kind: Kind,
  given: Given & { readonly [field: string]: unknown },
): Promise<void> {
  const { name, namespace = 'default' } = given.metadata
  const at = kind.namespaced ? { namespace, name } : { name }
  const object = {
    ...given,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { ...given.metadata, ...at },
  }
  try {
    await person.create(kind, object)
  } catch (error) {
    if (!isKube(error, 'AlreadyExists')) throw error
    await person.patch(kind, at, 'merge', object)
  }
  const { status } = given
  if (status !== undefined) {
    await person.patch(kind, at, 'merge', { status }, { subresource: 'status' })
  }
}
