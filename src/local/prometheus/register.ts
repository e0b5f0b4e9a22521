/** Makes the endpoint known in the cluster under the names by which programs look for Prometheus. */
import { apiVersionOf, type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { addressAnnotation } from '../gateway/addresses.ts'
import { serviceNameLabel } from '../gateway/objects.ts'

const name = 'prometheus'
const servicePort = 9090
// Slices may not hold loopback addresses; this one stands in, the annotation leads to the real port.
const standInAddress = '10.255.255.90'

/** @throws KubeError when the server refuses. */
export async function registerPrometheus(
  cluster: Cluster,
  namespaces: readonly string[],
  port: number,
): Promise<void> {
  for (const namespace of namespaces) {
    await ensure(cluster, kinds.namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    })
    await ensure(cluster, kinds.service, service(namespace, port))
    await ensure(cluster, kinds.endpointSlice, slice(namespace))
  }
}

function service(namespace: string, port: number): KubeObject & { readonly spec: object } {
  const address = JSON.stringify({ [servicePort]: `127.0.0.1:${port}` })
  return {
    apiVersion: apiVersionOf(kinds.service),
    kind: 'Service',
    metadata: {
      name,
      namespace,
      labels: { app: name },
      annotations: { [addressAnnotation]: address },
    },
    // Without selector: its endpoints are written here.
    spec: {
      ports: [{ name: 'http', port: servicePort, targetPort: servicePort, protocol: 'TCP' }],
    },
  }
}

function slice(namespace: string): KubeObject {
  const object = {
    apiVersion: apiVersionOf(kinds.endpointSlice),
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace,
      labels: {
        [serviceNameLabel]: name,
        'endpointslice.kubernetes.io/managed-by': 'prometheus.headgate.dev',
      },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: servicePort, protocol: 'TCP' }],
    endpoints: [{ addresses: [standInAddress], conditions: { ready: true } }],
  }
  return object
}

// What is there from an earlier run is brought up to date, never replaced whole.
async function ensure(cluster: Cluster, kind: Kind, object: KubeObject): Promise<void> {
  try {
    await cluster.create(kind, object)
  } catch (error) {
    if (!isKube(error, 'AlreadyExists')) throw error
    if (kind === kinds.namespace) return
    const { namespace, name: objectName } = object.metadata
    const at = { name: objectName, ...(namespace === undefined ? {} : { namespace }) }
    await cluster.patch(kind, at, 'merge', object)
  }
}
