/** For tests: fake pods as plain HTTP servers, and the objects a gateway needs to reach them. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { kinds } from '#core/k8s/kinds.ts'
import { addressAnnotation } from '../addresses.ts'
import { serviceNameLabel } from '../objects.ts'
import type { TestCluster } from './test-cluster.ts'

export type FakePod = { readonly name: string; readonly server: Server; readonly close: () => void }

let count = 0

/** A pod of `default` on a loopback port, Running, with its annotation. */
export async function fakePod(
  { put }: Pick<TestCluster, 'put'>,
  name: string,
  listener: RequestListener,
  labels: Readonly<Record<string, string>> = {},
): Promise<FakePod> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const annotations = { [addressAnnotation]: JSON.stringify({ 8080: `127.0.0.1:${port}` }) }
  await put(kinds.pod, {
    metadata: { name, namespace: 'default', labels, annotations },
    spec: { containers: [{ name: 'app', image: 'app:v1', ports: [{ containerPort: 8080 }] }] },
    status: { phase: 'Running', podIP: `10.244.0.${++count}` },
  })
  return {
    name,
    server,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

export async function putService(
  { put }: Pick<TestCluster, 'put'>,
  name: string,
  pods: readonly string[],
  conditions: object = { ready: true, serving: true, terminating: false },
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await put(kinds.service, {
    metadata: { name, labels },
    spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  })
  await put(kinds.endpointSlice, {
    metadata: { name: `${name}-1`, labels: { [serviceNameLabel]: name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: pods.map((pod, index) => ({
      addresses: [`10.244.9.${index + 1}`],
      conditions,
      targetRef: { kind: 'Pod', namespace: 'default', name: pod },
    })),
  })
}

export async function putGateway(
  { put }: Pick<TestCluster, 'put'>,
  className = 'headgate',
): Promise<void> {
  await put(kinds.gatewayClass, {
    metadata: { name: className },
    spec: { controllerName: 'headgate.dev/local-gateway' },
  })
  await put(kinds.gateway, {
    metadata: { name: 'gateway' },
    spec: {
      gatewayClassName: className,
      listeners: [
        {
          name: 'http',
          port: 80,
          protocol: 'HTTP',
          allowedRoutes: { namespaces: { from: 'All' } },
        },
      ],
    },
  })
}

export async function putRoute(
  { put }: Pick<TestCluster, 'put'>,
  name: string,
  spec: object,
): Promise<void> {
  await put(kinds.httpRoute, {
    metadata: { name },
    spec: { parentRefs: [{ name: 'gateway' }], ...spec },
  })
}

/** Backends by name with weights, port 80. */
export function backends(weights: Readonly<Record<string, number>>): readonly object[] {
  return Object.entries(weights).map(([name, weight]) => ({ name, port: 80, weight }))
}
