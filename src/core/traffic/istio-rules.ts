/** The http rules of a VirtualService whose traffic is split between the roles of an app, and the weights in them. */
import type { IstioDestination, IstioHttp, VirtualService } from '../k8s/istio.ts'
import { type RoleName, stable, type Weights } from '../model/weights.ts'
import { inPerCent } from './gateway-rules.ts'
import type { RouterApp } from './router.ts'

/** Where a role's requests go: a Service of its own, or a subset of the one host. */
function placeOf(
  { services, traffic }: RouterApp,
  role: RoleName,
): { readonly host: string; readonly subset: string | undefined } | undefined {
  const { subsets } = traffic
  if (subsets !== undefined) {
    const subset = subsets.of[role]
    return subset === undefined ? undefined : { host: subsets.host, subset }
  }
  const host = services[role]
  return host === undefined ? undefined : { host, subset: undefined }
}

export function rolesOf({ services }: RouterApp): readonly RoleName[] {
  return Object.keys(services)
}

function isTo(app: RouterApp, { destination }: IstioDestination, role: RoleName): boolean {
  const place = placeOf(app, role)
  if (place === undefined || destination.subset !== place.subset) return false
  const { host } = place
  const long = `${host}.${app.namespace}`
  return [host, long, `${long}.svc`, `${long}.svc.cluster.local`].includes(destination.host)
}

export function roleOf(app: RouterApp, to: IstioDestination): RoleName | undefined {
  return rolesOf(app).find((role) => isTo(app, to, role))
}

export function sendsTo(app: RouterApp, { route = [] }: IstioHttp, role: RoleName): boolean {
  return route.some((to) => isTo(app, to, role))
}

/** As in a route of the Gateway API: those with stable and a candidate, else all with stable. */
export function splitRules(app: RouterApp, { spec }: VirtualService): readonly IstioHttp[] {
  const rules = (spec?.http ?? []).filter((rule) => sendsTo(app, rule, stable))
  const others = rolesOf(app).filter((role) => role !== stable)
  const split = rules.filter((rule) => others.some((role) => sendsTo(app, rule, role)))
  return split.length > 0 ? split : rules
}

export function unusable(app: RouterApp, virtual: VirtualService): string | undefined {
  const what = `the VirtualService ${virtual.metadata.name}`
  const place = placeOf(app, stable)
  const own =
    place?.subset === undefined ? `host ${place?.host}` : `subset ${place.subset} of ${place.host}`
  const split = splitRules(app, virtual)
  if (split.length === 0)
    return `no http route of ${what} has a destination with ${own}; add one to the rule whose traffic is to be split`
  for (const [index, rule] of (virtual.spec?.http ?? []).entries()) {
    if (!split.includes(rule)) continue
    const roles = (rule.route ?? []).map((to) => roleOf(app, to))
    const foreign = rule.route?.[roles.indexOf(undefined)]
    if (roles.includes(undefined)) {
      const { host = '', subset } = foreign?.destination ?? {}
      const named = subset === undefined ? host : `subset ${subset} of ${host}`
      return `http route ${index} of ${what} also sends to ${named}, which is none of this release; give it a rule of its own`
    }
    const twice = roles.find((role, at) => roles.indexOf(role) !== at)
    if (twice !== undefined)
      return `http route ${index} of ${what} sends to ${twice} more than once; keep one of its destinations`
  }
  return undefined
}

export function weightsOf(app: RouterApp, { route = [] }: IstioHttp): Weights {
  const raw = rolesOf(app).map((role) => {
    const weights = route
      .filter((to) => isTo(app, to, role))
      .map(({ weight }) => weight ?? (route.length === 1 ? 100 : 0))
    return [role, weights.reduce((sum, weight) => sum + weight, 0)] as const
  })
  return inPerCent(raw)
}

/** A split rule with these weights: a role that is not among them has no place there. */
export function weighted(app: RouterApp, rule: IstioHttp, weights: Weights): IstioHttp {
  const route = rule.route ?? []
  const placed = route.map((to) => roleOf(app, to))
  const kept = route.flatMap((to, index) => {
    const weight = weights[placed[index] ?? '']
    return weight === undefined ? [] : [{ ...to, weight }]
  })
  const added = Object.entries(weights)
    .filter(([role]) => !placed.includes(role))
    .map(([role, weight]) => destinationOf(app, rule, role, weight))
  return { ...rule, route: [...kept, ...added] }
}

/** A destination like stable's, for a candidate. */
export function destinationOf(
  app: RouterApp,
  { route = [] }: IstioHttp,
  role: RoleName,
  weight: number,
): IstioDestination {
  const port = route.find((to) => isTo(app, to, stable))?.destination.port
  const { host = '', subset } = placeOf(app, role) ?? {}
  return {
    destination: {
      host,
      ...(subset === undefined ? {} : { subset }),
      ...(port === undefined ? {} : { port }),
    },
    weight,
  }
}
