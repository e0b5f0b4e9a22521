/** Where traffic goes by the routing objects, read here anew for each router: the product's own reading is on trial too. */
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import type { VirtualService } from '#core/k8s/istio.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { annotations as ours } from '#core/render/names.ts'
import { isTestRule, serviceIn } from './match-rules.ts'
import type { Truth } from './truth.ts'

/** One way that traffic can take: a share of it in per cent, to a Service. */
export type Backend = { readonly role: string; readonly service: string; readonly weight: number }

type Share = readonly [service: string, weight: number]

const main = 'default/shop'

/** Empty when there is no route, so that no traffic comes. */
export function backendsOf(view: Truth, router: string): readonly Backend[] {
  const shares = readers[router]?.(view) ?? []
  const sum = shares.reduce((total, [, weight]) => total + weight, 0)
  return shares.map(([service, weight]) => ({
    role: service.replace(/^shop-/, ''),
    service,
    weight: sum === 0 ? 0 : (100 * weight) / sum,
  }))
}

const readers: Readonly<Record<string, (view: Truth) => readonly Share[]>> = {
  'gateway-api': ({ routes }) => gatewayShares(routes.get(main)),
  grpc: ({ routes }) => gatewayShares(routes.get(main)),
  nginx: ({ routes }) => ingressShares([...routes.values()]),
  istio: ({ routes }) => istioShares(routes.get(main)),
  service: () => [['shop-stable', 100]],
  // Whoever sends to candidates does so by means of their own.
  none: () => [['shop-stable', 100]],
}

function gatewayShares(route: KubeObject | undefined): readonly Share[] {
  const { spec } = (route ?? { spec: {} }) as HttpRoute
  const split = (spec.rules ?? []).filter((rule) => !isTestRule(rule))
  const refs = split.flatMap(({ backendRefs = [] }) => backendRefs)
  return refs.map(({ name, weight = 1 }) => [name, weight])
}

function ingressShares(ingresses: readonly KubeObject[]): readonly Share[] {
  const stable = ingresses.find(({ metadata }) => metadata.name === 'shop')
  if (stable === undefined) return []
  const canary = ingresses.find(
    ({ metadata }) => metadata.annotations?.['nginx.ingress.kubernetes.io/canary'] === 'true',
  )
  const text = canary?.metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight']
  const weight = Number(text ?? 0)
  const rest: Share = [serviceIn(stable), 100 - weight]
  return canary === undefined ? [rest] : [rest, [serviceIn(canary), weight]]
}

function istioShares(route: KubeObject | undefined): readonly Share[] {
  const rules = (route as VirtualService | undefined)?.spec?.http ?? []
  const split = rules.filter((rule) => !isTestRule(rule))
  return split.flatMap(({ route: to = [] }) =>
    to.map(({ destination, weight }): Share => {
      return [destination.host, weight ?? (to.length === 1 ? 100 : 0)]
    }),
  )
}

/** A routing object without what is ours to change: places of our Services in it, their weights, and rules by match. */
export function withoutShares(object: KubeObject): object {
  const { metadata, ...rest } = object as KubeObject & { readonly status?: unknown }
  const { labels = {}, annotations: all = {}, finalizers = [], ownerReferences = [] } = metadata
  const annotations = { ...all, [ours.rules]: undefined }
  return {
    content: stripped({ ...rest, status: undefined }),
    labels,
    annotations,
    finalizers,
    ownerReferences,
  }
}

function stripped(value: unknown): unknown {
  if (Array.isArray(value))
    return value.filter((item) => !isShare(item) && !isTestRule(item)).map(stripped)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, stripped(item)]))
}

function isShare(item: unknown): boolean {
  const { name, destination } = (item ?? {}) as { name?: string; destination?: { host?: string } }
  return (name ?? destination?.host ?? '').startsWith('shop-')
}

/** The change by which somebody gives other weights to what a routing object splits; undefined where it splits nothing. */
export function reweighted(object: KubeObject, stable: number, canary: number): object | undefined {
  const { spec, metadata } = object as KubeObject & { readonly spec?: object }
  const weight = 'nginx.ingress.kubernetes.io/canary-weight'
  if (metadata.annotations?.[weight] !== undefined)
    return { metadata: { annotations: { [weight]: String(canary) } } }
  const change = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(change)
    if (typeof value !== 'object' || value === null) return value
    const changed = Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, change(item)]),
    )
    if (!isShare(value)) return changed
    const { name, destination } = value as { name?: string; destination?: { host?: string } }
    return { ...changed, weight: (name ?? destination?.host) === 'shop-stable' ? stable : canary }
  }
  return 'ingressClassName' in (spec ?? {}) ? undefined : { spec: change(spec) }
}
