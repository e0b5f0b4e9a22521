/** The Gateway API as a cluster finds it: its own CRDs (sigs.k8s.io/gateway-api, Apache-2.0), a class and a gateway. */
import { fileURLToPath } from 'node:url'
import type { Gateway, GatewayClass } from '#core/k8s/gateway-api.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { readData } from '../data-file.ts'

/** Parsed when asked for: half a megabyte that only a starting cluster needs. */
export function gatewayApiCrds(): readonly KubeObject[] {
  // By way of the folder above: where the sources are bundled, data keeps its place beside the code.
  const path = new URL('../crds/gateway-api.json', import.meta.url)
  return readData(fileURLToPath(path)) as KubeObject[]
}

export const localGatewayClass: GatewayClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'local' },
  spec: { controllerName: 'headgate.dev/local-gateway' },
}

export function localGateway(port: number): Gateway {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'gateway', namespace: 'default' },
    spec: {
      gatewayClassName: 'local',
      listeners: [
        { name: 'http', port, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } },
      ],
    },
  }
}
