/** The routing objects that people write for a release with the Services NAME-stable and NAME-canary, for each router. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'

const istioGateway: Kind = {
  group: 'networking.istio.io',
  version: 'v1',
  kind: 'Gateway',
  plural: 'gateways',
  namespaced: true,
}

export type RouteCase = {
  /** What people write; the first one is the route itself. */
  readonly objects: (name: string) => readonly (readonly [Kind, KubeObject])[]
  readonly host: (name: string) => string
}

export const own = (name: string) => ({ name, namespace: 'default' })
const refs = (name: string) => [
  { name: `${name}-stable`, port: 80, weight: 100 },
  { name: `${name}-canary`, port: 80, weight: 0 },
]
export const exampleHost = (name: string): string => `${name}.example.com`

const gatewayRoute = (kind: Kind, name: string): KubeObject =>
  ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: kind.kind,
    metadata: own(name),
    spec: {
      parentRefs: [{ name: 'gateway' }],
      hostnames: [exampleHost(name)],
      rules: [{ backendRefs: refs(name) }],
    },
  }) as KubeObject

/** By router. */
export const routeCases: Readonly<Record<string, RouteCase>> = {
  'gateway-api': {
    objects: (name) => [[kinds.httpRoute, gatewayRoute(kinds.httpRoute, name)]],
    host: exampleHost,
  },
  grpc: {
    objects: (name) => [[kinds.grpcRoute, gatewayRoute(kinds.grpcRoute, name)]],
    host: exampleHost,
  },
  nginx: {
    objects: (name) => [
      [
        kinds.ingress,
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          metadata: own(name),
          spec: {
            ingressClassName: 'nginx',
            rules: [
              {
                host: exampleHost(name),
                http: {
                  paths: [
                    {
                      path: '/',
                      pathType: 'Prefix',
                      backend: { service: { name: `${name}-stable`, port: { number: 80 } } },
                    },
                  ],
                },
              },
            ],
          },
        } as KubeObject,
      ],
    ],
    host: exampleHost,
  },
  istio: {
    objects: (name) => [
      [
        kinds.virtualService,
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'VirtualService',
          metadata: own(name),
          spec: {
            hosts: [exampleHost(name)],
            gateways: [name],
            http: [
              {
                route: refs(name).map(({ name: host, port, weight }) => ({
                  destination: { host, port: { number: port } },
                  weight,
                })),
              },
            ],
          },
        } as KubeObject,
      ],
      [
        istioGateway,
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'Gateway',
          metadata: own(name),
          spec: {
            selector: { istio: 'ingressgateway' },
            servers: [
              { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [exampleHost(name)] },
            ],
          },
        } as KubeObject,
      ],
    ],
    host: exampleHost,
  },
  service: {
    objects: () => [],
    host: (name) => `${name}-stable.default.svc`,
  },
}
