/**
 * Gateway API: HTTPRoute and GRPCRoute. People write the route with a backend for each role; we write the weights of
 * those backends, rules by match and extras, and nothing else, by JSON Patch that tests the resourceVersion and the names
 * of what changes, because `rules` is one atomic value to server-side apply.
 */
import type { Write } from '../decision.ts'
import type { HttpRoute } from '../k8s/gateway-api.ts'
import { apiVersionOf, type Kind, kinds } from '../k8s/kinds.ts'
import type { ObjectRef } from '../k8s/meta.ts'
import type { Extras } from '../model/app.ts'
import { stable, type Weights } from '../model/weights.ts'
import { rewritten } from './difference.ts'
import { acceptanceOf } from './gateway-acceptance.ts'
import { besideRefs, gatewayCompanions } from './gateway-beside.ts'
import { withExtras } from './gateway-extras.ts'
import { readMatches, withMatches } from './gateway-matches.ts'
import {
  isTo,
  rolesOf,
  splitRules,
  standsIn,
  unusable,
  weighted,
  weightsOf,
} from './gateway-rules.ts'
import { weightsLeft, withoutOwn } from './owned.ts'
import type { RouteObjects, RouteReading, Router, RouterApp, Split } from './router.ts'

export const gatewayApi = routerOver('gateway-api', kinds.httpRoute, {
  cookieMatch: true,
  inRules: ['responseHeaders', 'sticky', 'timeoutSeconds'],
  beside: ['redirect'],
})

/** Calls of gRPC have headers and no cookies, and a deadline of their own. */
export const grpcRoute = routerOver('grpc', kinds.grpcRoute, {
  cookieMatch: false,
  inRules: ['responseHeaders', 'sticky'],
  beside: [],
})

type Able = {
  readonly cookieMatch: boolean
  readonly inRules: readonly (keyof Extras)[]
  readonly beside: readonly (keyof Extras)[]
}

function routerOver(name: string, kind: Kind, { cookieMatch, inRules, beside }: Able): Router {
  const routeOf = ({ traffic }: RouterApp, objects: RouteObjects): HttpRoute | undefined =>
    objects[`${kind.kind}/${traffic.route}`] as HttpRoute | undefined
  const render = (app: RouterApp, objects: RouteObjects, split: Split): readonly Write[] => {
    const route = routeOf(app, objects)
    if (route === undefined || unusable(app, route) !== undefined) return []
    return rewritten(route, withSplit(app, route, split, inRules))
  }
  return {
    name,
    capabilities: {
      by: 'weight',
      roles: 16,
      headerMatch: true,
      cookieMatch,
      previewHost: true,
      extras: [...inRules, ...beside],
    },
    objects: (app) => [refOf(app, kind)],
    beside: (app) => besideRefs(app, kind.kind, apiVersionOf(kind)),
    read: (app, objects) => read(app, kind, routeOf(app, objects)),
    renders: () => false,
    render,
    placed: (app, object, split) => withSplit(app, object as HttpRoute, split, inRules),
    ports: (app, objects, service) => ports(app, routeOf(app, objects), service),
    companions: (app, objects) => gatewayCompanions(app, objects, kind.kind),
    restore: (app, objects) => {
      const { extras: _none, ...traffic } = app.traffic
      const weights = weightsLeft(app, read(app, kind, routeOf(app, objects)))
      const given = render({ ...app, traffic }, objects, { weights, matches: {} })
      return [...given, ...withoutOwn(app, objects, besideRefs(app, kind.kind, ''))]
    },
  }
}

function refOf({ namespace, traffic }: RouterApp, kind: Kind): ObjectRef {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, namespace, name: traffic.route }
}

function read(app: RouterApp, { kind }: Kind, route: HttpRoute | undefined): RouteReading {
  const object = `${kind} ${app.traffic.route}`
  if (route === undefined) return { kind: 'missing', object }
  const problem = unusable(app, route)
  if (problem !== undefined) return { kind: 'unusable', object, problem }
  const readings = splitRules(app, route).map((rule) => weightsOf(app, rule))
  const weights = readings[0] as Weights
  const agreed = readings.every((other) =>
    rolesOf(app).every((role) => other[role] === weights[role]),
  )
  const { matches, intact } = readMatches(app, route)
  return {
    kind: 'read',
    object,
    weights,
    roles: rolesOf(app).filter((role) => standsIn(app, route, role)),
    matches,
    uniform: agreed && intact,
    acceptance: acceptanceOf(route),
  }
}

/** Extras before rules by match, which are copies of the rules that have them. */
function withSplit(
  app: RouterApp,
  route: HttpRoute,
  { weights, matches }: Split,
  inRules: readonly (keyof Extras)[],
): HttpRoute {
  const split = splitRules(app, route)
  const rules = (route.spec.rules ?? []).map((rule) =>
    weights !== undefined && split.includes(rule) ? weighted(app, rule, weights) : rule,
  )
  const moved = { ...route, spec: { ...route.spec, rules } }
  return withMatches(app, withExtras(app, moved, inRules), matches)
}

function ports(app: RouterApp, route: HttpRoute | undefined, service: string): readonly number[] {
  const refs = (route?.spec.rules ?? []).flatMap((rule) => rule.backendRefs ?? [])
  const portsOf = (name: string): readonly number[] =>
    refs.filter((ref) => isTo(app, ref, name)).flatMap((ref) => ref.port ?? [])
  const found = portsOf(service)
  // A candidate that has no place in the route yet is reached as stable is.
  const isRole = Object.values(app.services).includes(service)
  return [...new Set(found.length > 0 || !isRole ? found : portsOf(app.services[stable] ?? ''))]
}
