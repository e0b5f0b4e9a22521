/** Rules of a route that send requests to a candidate by what they carry, read here anew. */
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import type { Ingress } from '#core/k8s/ingress.ts'
import type { VirtualService } from '#core/k8s/istio.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Truth } from './truth.ts'

/** What requests of testers carry in stories about experiments by match. */
export const testHeader = { name: 'x-beta', value: 'yes' } as const

export type MatchRule = {
  readonly service: string
  /** Stands before every rule that splits the traffic. */
  readonly isAbove: boolean
}

type Reader = (routes: ReadonlyMap<string, KubeObject>) => readonly MatchRule[]

const main = 'default/shop'

const inHttpRoute: Reader = (routes) => {
  const { spec } = (routes.get(main) ?? { spec: {} }) as HttpRoute
  return among(spec.rules ?? [], ({ backendRefs = [] }) => backendRefs[0]?.name)
}

const readers: Readonly<Record<string, Reader>> = {
  'gateway-api': inHttpRoute,
  grpc: inHttpRoute,
  istio: (routes) => {
    const { spec } = (routes.get(main) ?? { spec: {} }) as VirtualService
    return among(spec?.http ?? [], ({ route = [] }) => route[0]?.destination.host)
  },
  // The rule is an Ingress of its own, which goes before the main one whatever it splits.
  nginx: (routes) =>
    [...routes.values()]
      .filter(({ metadata }) => metadata.annotations?.[byHeader] === testHeader.name)
      .map((ingress) => ({ service: serviceIn(ingress), isAbove: true })),
}

const byHeader = 'nginx.ingress.kubernetes.io/canary-by-header'

/** Routers whose rules are read here. */
export const readsRules = (router: string): boolean => readers[router] !== undefined

export function matchRules({ routes }: Truth, router: string): readonly MatchRule[] {
  return readers[router]?.(routes) ?? []
}

function among<Rule>(
  rules: readonly Rule[],
  serviceOf: (rule: Rule) => string | undefined,
): readonly MatchRule[] {
  const split = rules.findIndex((rule) => !isTestRule(rule))
  return rules.flatMap((rule, index) =>
    isTestRule(rule)
      ? [{ service: serviceOf(rule) ?? '', isAbove: split === -1 || index < split }]
      : [],
  )
}

/** In the Gateway API headers are a list, in Istio they stand by their names. */
export function isTestRule(rule: unknown): boolean {
  // Some rules are written `matches`, the others `match`.
  const { matches, match = matches } = (rule ?? {}) as {
    readonly matches?: unknown
    readonly match?: unknown
  }
  if (!Array.isArray(match)) return false
  return (match as readonly { readonly headers?: unknown }[]).some(({ headers }) =>
    Array.isArray(headers)
      ? headers.some(({ name }: { readonly name?: string }) => name === testHeader.name)
      : testHeader.name in ((headers ?? {}) as object),
  )
}

/** The Service that an Ingress of stories sends to. */
export function serviceIn(ingress: Ingress): string {
  const [path] = ingress.spec?.rules?.flatMap(({ http }) => http?.paths ?? []) ?? []
  return path?.backend.service?.name ?? ''
}
