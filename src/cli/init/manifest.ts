/** The first manifest for a Deployment: a Release that takes over from it, and its route with a place for the candidate. */
import { stringify } from 'yaml'
import { releaseApiVersion } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Found, RouteFound } from './found.ts'

/** YAML, the route first: it may send to a Service that is not there yet. */
export function firstManifest(found: Found): string {
  const { route } = found
  const candidate = candidateOf(found)
  const withPlace =
    route === undefined ? undefined : routeWith(route, found.service.metadata.name, candidate)
  const parts = [
    ...(withPlace === undefined
      ? []
      : [
          `# As it is, with a backend for the Service of the candidate, which gets no traffic yet.\n${stringify(withPlace)}`,
        ]),
    `${stringify(releaseFor(found, candidate))}${analysisNote(found)}`,
  ]
  return parts.join('---\n')
}

function candidateOf({ deployment }: Found): string {
  return `${deployment.metadata.name}-canary`
}

function releaseFor({ deployment, service, route, autoscaler }: Found, candidate: string): object {
  const { name, namespace = 'default' } = deployment.metadata
  const { replicas = 1 } = deployment.spec
  return {
    apiVersion: releaseApiVersion,
    kind: kinds.release.kind,
    metadata: { name, namespace },
    spec: {
      ...(autoscaler === undefined ? { replicas } : {}),
      workloadRef: { kind: 'Deployment', name },
      services: { stable: service.metadata.name, candidate },
      traffic:
        route === undefined
          ? { router: 'service' }
          : { router: route.router, route: route.object.metadata.name },
      strategy: {
        canary: { steps: [{ weight: 20 }, { pause: '5m' }, { weight: 50 }, { pause: '5m' }] },
      },
    },
  }
}

/** A judge can only be proposed: nobody but its author knows what the application counts. */
function analysisNote({ prometheus }: Found): string {
  if (prometheus === undefined) return ''
  return `  # A judge, once the application counts its requests; see docs/analysis.md:
  # analysis:
  #   provider: { prometheus: { address: "${prometheus}" } }
  #   metrics:
  #     - { name: errors, template: error-rate, max: 1, interval: 30s, failures: 2 }
`
}

type Backend = { readonly [field: string]: unknown }

/** Undefined where it needs no change. */
function routeWith(
  { object }: RouteFound,
  stable: string,
  candidate: string,
): KubeObject | undefined {
  const { spec, ...rest } = object as KubeObject & { readonly spec: object }
  const next = placed(spec, stable, candidate)
  if (JSON.stringify(next) === JSON.stringify(spec)) return undefined
  const { apiVersion, kind, metadata } = rest
  const { name, namespace, labels, annotations } = metadata
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...own } = annotations ?? {}
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(Object.keys(own).length === 0 ? {} : { annotations: own }),
    },
    spec: next,
  } as KubeObject
}

/** Wherever a list of backends has the stable Service and not the candidate's, one for it with weight 0. */
function placed(value: unknown, stable: string, candidate: string): unknown {
  if (Array.isArray(value)) {
    const inside = value.map((item: unknown) => placed(item, stable, candidate))
    const own = value.find((item: Backend) => isTo(item, stable)) as Backend | undefined
    if (own === undefined || value.some((item: Backend) => isTo(item, candidate))) return inside
    return inside.flatMap((item) => {
      if (!isTo(item as Backend, stable)) return [item]
      const weight = value.length === 1 ? 100 : ((item as Backend)['weight'] ?? 100)
      const weighted = { ...(item as Backend), weight }
      return [weighted, { ...renamed(item as Backend, candidate), weight: 0 }]
    })
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, placed(member, stable, candidate)]),
  )
}

/** A backend of the Gateway API, or a destination of Istio. */
function isTo(item: unknown, service: string): boolean {
  if (typeof item !== 'object' || item === null) return false
  const { name, port, destination } = item as Backend
  if (destination === undefined) return name === service && port !== undefined
  return hostOf(destination) === service
}

function hostOf(destination: unknown): string {
  return String((destination as Backend)['host'] ?? '').split('.')[0] ?? ''
}

function renamed(item: Backend, candidate: string): Backend {
  const { destination } = item
  if (destination === undefined) return { ...item, name: candidate }
  const [, ...domain] = String((destination as Backend)['host']).split('.')
  return {
    ...item,
    destination: { ...(destination as Backend), host: [candidate, ...domain].join('.') },
  }
}
