/** Builders: a small valid Release and its route, with what matters to a test changed. */
import type { Release, ReleaseSpec } from '#core/api/release.ts'
import type { HttpBackendRef, HttpRoute } from '#core/k8s/gateway-api.ts'

export function release(spec: Partial<ReleaseSpec> = {}, image = 'shop:v1'): Release {
  return {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Release',
    metadata: {
      name: 'shop',
      namespace: 'default',
      uid: 'release-uid',
      generation: 1,
      creationTimestamp: '2026-11-21T00:00:00Z',
    },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'shop' } },
      template: template(image),
      services: { stable: 'shop-stable', candidate: 'shop-canary' },
      traffic: { route: 'shop' },
      strategy: { canary: { steps: [{ weight: 25 }, { pause: '10s' }, { weight: 50 }] } },
      ...spec,
    },
  }
}

export function template(image: string): ReleaseSpec['template'] {
  return {
    metadata: { labels: { app: 'shop' } },
    spec: { containers: [{ name: 'shop', image, ports: [{ containerPort: 8080 }] }] },
  }
}

/** A route as people write it who know of no candidate. */
export function plainRoute(service = 'shop-stable'): HttpRoute {
  return routeTo([{ name: service, port: 80 }])
}

export function httpRoute(stableWeight = 100, candidateWeight = 0): HttpRoute {
  return routeTo([
    { name: 'shop-stable', port: 80, weight: stableWeight },
    { name: 'shop-canary', port: 80, weight: candidateWeight },
  ])
}

function routeTo(backendRefs: readonly HttpBackendRef[]): HttpRoute {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'shop', namespace: 'default' },
    spec: { parentRefs: [{ name: 'gateway' }], rules: [{ backendRefs }] },
  }
}
