/** What the benchmark applies: one release with its route, under any name. */
import { type Release, type ReleaseSpec, releaseApiVersion } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { BenchCluster } from './cluster.ts'

export const namespace = 'default'

export function template(name: string, image: string): ReleaseSpec['template'] {
  return {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 8080 }] }] },
  }
}

const fiveSteps = [20, 40, 60, 80, 100].map((weight) => ({ weight }))

export function releaseOf(name: string, settle: string | undefined, more = {}): Release {
  const spec: ReleaseSpec = {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: template(name, 'shop:v0'),
    services: { stable: `${name}-stable`, candidate: `${name}-canary` },
    traffic: { route: name, ...(settle === undefined ? {} : { settle }) },
    strategy: { canary: { steps: fiveSteps } },
    ...more,
  }
  const { kind } = kinds.release
  return { apiVersion: releaseApiVersion, kind, metadata: { name, namespace }, spec }
}

export function routeOf(name: string): HttpRoute {
  const backendRefs = [
    { name: `${name}-stable`, port: 80, weight: 100 },
    { name: `${name}-canary`, port: 80, weight: 0 },
  ]
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace },
    spec: { parentRefs: [{ name: 'gateway' }], rules: [{ backendRefs }] },
  }
}

export async function install({ api }: BenchCluster, release: Release): Promise<void> {
  await api.create(kinds.httpRoute, routeOf(release.metadata.name))
  await api.create(kinds.release, release)
}

/** Returns the generation that asks for the image. */
export async function setImage(
  { api }: BenchCluster,
  name: string,
  image: string,
): Promise<number> {
  const body = { spec: { template: template(name, image) } }
  const after = await api.patch<Release>(kinds.release, { namespace, name }, 'merge', body)
  return after.metadata.generation ?? 0
}

/** True when a release has ended this way in this generation and nothing is left under way. */
export function isDone(
  release: Release | undefined,
  phase: 'Completed' | 'Failed',
  generation = 1,
): boolean {
  const status = release?.status
  return (
    status?.phase === phase &&
    (status.trials ?? []).length === 0 &&
    (status.observedGeneration ?? 0) >= generation
  )
}
