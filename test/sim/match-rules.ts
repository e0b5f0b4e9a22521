/** Rules of a route that send requests to a candidate by what they carry, read here anew. */
import type { HttpRoute, HttpRouteMatch } from '#core/k8s/gateway-api.ts'
import type { Truth } from './truth.ts'

/** What requests of testers carry in stories about experiments by match. */
export const testHeader = { name: 'x-beta', value: 'yes' } as const

/** Routers whose rules are read here. */
export const readsRules = (router: string): boolean => router === 'gateway-api' || router === 'grpc'

export type MatchRule = {
  readonly service: string
  /** Stands before every rule that splits the traffic. */
  readonly isAbove: boolean
}

/** Routes of ingress-nginx and Istio have none in stories. */
export function matchRules({ routes }: Truth, router: string): readonly MatchRule[] {
  if (!readsRules(router)) return []
  const { spec } = (routes.get('default/shop') ?? { spec: {} }) as HttpRoute
  const rules = spec.rules ?? []
  const split = rules.findIndex((rule) => !isTestRule(rule))
  return rules.flatMap((rule, index) =>
    isTestRule(rule)
      ? [{ service: rule.backendRefs?.[0]?.name ?? '', isAbove: split === -1 || index < split }]
      : [],
  )
}

export function isTestRule(rule: unknown): boolean {
  const { matches } = (rule ?? {}) as { readonly matches?: unknown }
  if (!Array.isArray(matches)) return false
  return (matches as readonly HttpRouteMatch[]).some(({ headers = [] }) =>
    headers.some(({ name }) => name === testHeader.name),
  )
}
