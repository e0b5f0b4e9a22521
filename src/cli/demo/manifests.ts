/** What the demo applies: the route and the Release that a user would write, tuned to be over within a minute. */
import { type Release, releaseApiVersion } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'

export const demoHost = 'shop.example.com'

export const demoRoute: HttpRoute = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    parentRefs: [{ name: 'gateway' }],
    hostnames: [demoHost],
    rules: [
      {
        backendRefs: [
          { name: 'shop-stable', port: 80, weight: 100 },
          { name: 'shop-canary', port: 80, weight: 0 },
        ],
      },
    ],
  },
}

export function demoRelease(image: string): Release {
  return {
    apiVersion: releaseApiVersion,
    kind: 'Release',
    metadata: { name: 'shop', namespace: 'default' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'shop' } },
      template: demoTemplate(image),
      services: { stable: 'shop-stable', candidate: 'shop-canary' },
      traffic: { route: 'shop' },
      strategy: {
        canary: {
          steps: [
            { weight: 20 },
            { pause: '4s' },
            { weight: 50 },
            { analysis: ['errors'] },
            { weight: 80 },
            { pause: '2s' },
          ],
        },
      },
      analysis: {
        provider: { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } },
        metrics: [
          {
            name: 'errors',
            template: 'error-rate',
            max: 5,
            interval: '1s',
            window: '10s',
            failures: 2,
            count: 5,
          },
        ],
      },
      progressDeadline: '1m',
    },
  }
}

export function demoTemplate(image: string): Release['spec']['template'] {
  return {
    metadata: { labels: { app: 'shop' } },
    spec: {
      containers: [
        {
          name: 'shop',
          image,
          ports: [{ containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 },
        },
      ],
    },
  }
}
