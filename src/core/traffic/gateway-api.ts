/**
 * Gateway API HTTPRoute. People write the route with a backend for each role; we write the weights of those backends
 * and nothing else, by JSON Patch that tests the resourceVersion and the backend's name, because `rules` is one atomic
 * value to server-side apply.
 */
import { type PatchOperation, pointer, type Write } from '../decision.ts'
import type {
  HttpBackendRef,
  HttpRoute,
  HttpRouteRule,
  ParentRef,
  RouteParentStatus,
} from '../k8s/gateway-api.ts'
import type { Condition } from '../k8s/meta.ts'
import { type RoleName, stable, type Weights } from '../model/weights.ts'
import type { Acceptance, RouteObjects, RouteReading, Router, RouterApp, Split } from './router.ts'

export const gatewayApi: Router = {
  name: 'gateway-api',
  capabilities: { by: 'weight', roles: 16, headerMatch: true, cookieMatch: true },
  objects: ({ namespace, traffic }) => [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      namespace,
      name: traffic.route,
    },
  ],
  read,
  render,
  ports,
}

/** Decision 13: how long a gateway may follow behind its own Accepted, by its controller's name. */
const settleMs: readonly (readonly [RegExp, number])[] = [
  [/^headgate\.dev\/local-gateway$/, 200],
  [/^projectcontour\.io\//, 250],
  [/^gateway\.envoyproxy\.io\//, 250],
  [/^istio\.io\//, 2000],
]
const settleUnknownMs = 3000

function routeOf(app: RouterApp, objects: RouteObjects): HttpRoute | undefined {
  return objects[`HTTPRoute/${app.traffic.route}`] as HttpRoute | undefined
}

function read(app: RouterApp, objects: RouteObjects): RouteReading {
  const object = `HTTPRoute ${app.traffic.route}`
  const route = routeOf(app, objects)
  if (route === undefined) return { kind: 'missing', object }
  const problem = unusable(app, route)
  if (problem !== undefined) return { kind: 'unusable', object, problem }
  const readings = ourRules(app, route).map(({ rule }) => weightsOf(app, rule))
  const weights = readings[0] as Weights
  const uniform = readings.every((other) =>
    rolesOf(app).every((role) => other[role] === weights[role]),
  )
  const roles = rolesOf(app).filter((role) => standsIn(app, route, app.services[role] as string))
  const acceptance = acceptanceOf(route)
  return { kind: 'read', object, weights, roles, matches: {}, uniform, acceptance }
}

/** Whether each rule of ours has a backend for a Service. */
function standsIn(app: RouterApp, route: HttpRoute, service: string): boolean {
  return ourRules(app, route).every(({ rule }) => sendsTo(app, rule, service))
}

type IndexedRule = { readonly rule: HttpRouteRule; readonly index: number }

/**
 * The rules whose traffic is split: those that send to stable and to a candidate; where there is none (yet), all that
 * send to stable. Others are the user's own business.
 */
function ourRules(app: RouterApp, route: HttpRoute): readonly IndexedRule[] {
  const { [stable]: own = '', ...others } = app.services
  const rules = (route.spec.rules ?? [])
    .map((rule, index) => ({ rule, index }))
    .filter(({ rule }) => sendsTo(app, rule, own))
  const split = rules.filter(({ rule }) =>
    Object.values(others).some((name) => sendsTo(app, rule, name)),
  )
  return split.length > 0 ? split : rules
}

function sendsTo(app: RouterApp, { backendRefs }: HttpRouteRule, service: string): boolean {
  return backendRefs?.some((ref) => isOurs(app, ref, service)) === true
}

function isOurs(app: RouterApp, ref: HttpBackendRef, service: string): boolean {
  return (
    ref.name === service &&
    (ref.kind ?? 'Service') === 'Service' &&
    (ref.group ?? '') === '' &&
    (ref.namespace ?? app.namespace) === app.namespace
  )
}

function unusable(app: RouterApp, route: HttpRoute): string | undefined {
  const services = Object.values(app.services)
  const rules = ourRules(app, route)
  if (rules.length === 0) {
    return `no rule of the HTTPRoute ${route.metadata.name} has a backendRef to ${app.services[stable]}; add one to the rule whose traffic is to be split`
  }
  for (const { rule, index } of rules) {
    const foreign = (rule.backendRefs ?? []).find(
      (ref) => !services.some((name) => isOurs(app, ref, name)),
    )
    if (foreign !== undefined) {
      return `rule ${index} of the HTTPRoute ${route.metadata.name} also sends to ${foreign.name}, which is no Service of this release; give it a rule of its own`
    }
    const refs = rule.backendRefs ?? []
    const twice = services.find((name) => refs.filter((ref) => isOurs(app, ref, name)).length > 1)
    if (twice !== undefined) {
      return `rule ${index} of the HTTPRoute ${route.metadata.name} sends to ${twice} more than once; keep one of its backendRefs`
    }
  }
  return undefined
}

function rolesOf(app: RouterApp): readonly RoleName[] {
  return Object.keys(app.services)
}

/** Shares in per cent of the rule's total; a rule whose weights are all zero sends nothing to anybody. */
function weightsOf(app: RouterApp, rule: HttpRouteRule): Weights {
  const refs = rule.backendRefs ?? []
  const raw = rolesOf(app).map((role) => {
    const name = app.services[role] as string
    const sum = refs
      .filter((ref) => isOurs(app, ref, name))
      .reduce((total, ref) => total + (ref.weight ?? 1), 0)
    return [role, sum] as const
  })
  const total = raw.reduce((sum, [, weight]) => sum + weight, 0)
  return Object.fromEntries(
    raw.map(([role, weight]) => [role, total === 0 ? 0 : (100 * weight) / total]),
  )
}

function acceptanceOf(route: HttpRoute): Acceptance {
  const parents = route.status?.parents ?? []
  const wanted = route.spec.parentRefs ?? []
  const generation = route.metadata.generation ?? 0
  const reports = wanted.map((ref) => reportOf(route, ref, parents, generation))
  const finding = reports.find((report) => report?.finding !== undefined)?.finding
  if (finding !== undefined) return finding
  const taken = reports.flatMap((report) => report?.settleMs ?? [])
  if (taken.length === 0 || taken.length < wanted.length) {
    const message = `${taken.length} of ${wanted.length} gateways have taken up the HTTPRoute ${route.metadata.name}`
    return { kind: 'waiting', message }
  }
  return {
    kind: 'accepted',
    token: `${route.metadata.uid}/${generation}`,
    settleMs: Math.max(...taken),
  }
}

type Report = { readonly finding: Acceptance | undefined; readonly settleMs: number }

/**
 * What is said of one of the route's own parents; undefined where nothing is. Reports about gateways that the route no
 * longer names stay behind when their controller is gone, and so do reports of a controller that was replaced.
 */
function reportOf(
  route: HttpRoute,
  ref: ParentRef,
  parents: readonly RouteParentStatus[],
  generation: number,
): Report | undefined {
  const reports = parents
    .filter(({ parentRef }) => parentKey(parentRef, route) === parentKey(ref, route))
    .map((parent) => ({
      finding: parentFinding(parent, generation),
      settleMs: settleOf(parent.controllerName),
    }))
  return (
    reports.find(({ finding }) => finding?.kind === 'refused') ??
    reports.find(({ finding }) => finding === undefined) ??
    reports[0]
  )
}

function parentKey(ref: ParentRef, { metadata }: HttpRoute): string {
  const { group = 'gateway.networking.k8s.io', kind = 'Gateway', name, sectionName, port } = ref
  return JSON.stringify([group, kind, ref.namespace ?? metadata.namespace, name, sectionName, port])
}

// Accepted alone says only that the route was read: it stays True when a backend does not exist.
function parentFinding(parent: RouteParentStatus, generation: number): Acceptance | undefined {
  for (const type of ['Accepted', 'ResolvedRefs']) {
    const condition = parent.conditions?.find((one) => one.type === type)
    const gateway = `gateway ${parent.parentRef.name}`
    if (condition === undefined || isStale(condition, generation)) {
      return {
        kind: 'waiting',
        message: `${gateway} has not yet reported ${type} for the new weights`,
      }
    }
    if (condition.status !== 'True') {
      return {
        kind: 'refused',
        message: `${gateway} reports ${type}=${condition.status} (${condition.reason})`,
      }
    }
  }
  return undefined
}

function isStale(condition: Condition, generation: number): boolean {
  return (condition.observedGeneration ?? 0) < generation
}

function settleOf(controllerName: string): number {
  return settleMs.find(([pattern]) => pattern.test(controllerName))?.[1] ?? settleUnknownMs
}

function render(app: RouterApp, objects: RouteObjects, { weights }: Split): readonly Write[] {
  const route = routeOf(app, objects)
  if (route === undefined || unusable(app, route) !== undefined) return []
  const changes = ourRules(app, route).flatMap((rule) => changesOf(app, rule, weights))
  if (changes.length === 0) return []
  const test = {
    op: 'test',
    path: '/metadata/resourceVersion',
    value: route.metadata.resourceVersion,
  } as const
  const ref = {
    apiVersion: route.apiVersion,
    kind: route.kind,
    namespace: app.namespace,
    name: route.metadata.name,
  }
  return [{ kind: 'patch', ref, patch: [test, ...changes] }]
}

function changesOf(
  app: RouterApp,
  { rule, index }: IndexedRule,
  weights: Weights,
): readonly PatchOperation[] {
  const refs = rule.backendRefs ?? []
  const at = (position: number | string): readonly (number | string)[] =>
    ['spec', 'rules', index, 'backendRefs', position] as const
  const placed = refs.map((ref) => roleOf(app, ref))
  const changed = refs.flatMap((ref, position): readonly PatchOperation[] => {
    const role = placed[position]
    if (role === undefined || weights[role] === undefined || ref.weight === weights[role]) return []
    return [
      { op: 'test', path: pointer(...at(position), 'name'), value: ref.name },
      { op: 'add', path: pointer(...at(position), 'weight'), value: weights[role] },
    ]
  })
  const added = Object.entries(weights).flatMap(([role, weight]): readonly PatchOperation[] => {
    if (placed.includes(role)) return []
    return [{ op: 'add', path: pointer(...at('-')), value: backendOf(app, rule, role, weight) }]
  })
  // From the end, so that the places before stay what they are.
  const gone = [...placed.entries()].reverse().flatMap(([position, role]) => {
    if (role === undefined || weights[role] !== undefined) return []
    return [{ op: 'remove', path: pointer(...at(position)) } as const]
  })
  return [...changed, ...added, ...gone]
}

function roleOf(app: RouterApp, ref: HttpBackendRef): RoleName | undefined {
  return rolesOf(app).find((role) => isOurs(app, ref, app.services[role] as string))
}

/** A backend like stable's, for a candidate. */
function backendOf(
  app: RouterApp,
  rule: HttpRouteRule,
  role: RoleName,
  weight: number,
): HttpBackendRef {
  const own = rule.backendRefs?.find((ref) => roleOf(app, ref) === stable)
  return {
    name: app.services[role] as string,
    ...(own?.port === undefined ? {} : { port: own.port }),
    weight,
  }
}

function ports(app: RouterApp, objects: RouteObjects, service: string): readonly number[] {
  const refs = (routeOf(app, objects)?.spec.rules ?? []).flatMap((rule) => rule.backendRefs ?? [])
  const portsOf = (name: string): readonly number[] =>
    refs.filter((ref) => isOurs(app, ref, name)).flatMap((ref) => ref.port ?? [])
  const found = portsOf(service)
  // A candidate that has no place in the route yet is reached as stable is.
  const isRole = Object.values(app.services).includes(service)
  return [...new Set(found.length > 0 || !isRole ? found : portsOf(app.services[stable] ?? ''))]
}
