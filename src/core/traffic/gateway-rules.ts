/** The rules of a route whose traffic is split between the roles of an app, and the weights in them. */
import type { HttpBackendRef, HttpRoute, HttpRouteRule } from '../k8s/gateway-api.ts'
import { type RoleName, stable, type Weights } from '../model/weights.ts'
import type { RouterApp } from './router.ts'

/**
 * The rules whose traffic is split: those that send to stable and to a candidate; where there is none (yet), all that
 * send to stable. Others are the user's own business.
 */
export function splitRules(app: RouterApp, route: HttpRoute): readonly HttpRouteRule[] {
  const { [stable]: own = '', ...others } = app.services
  const rules = (route.spec.rules ?? []).filter((rule) => sendsTo(app, rule, own))
  const split = rules.filter((rule) =>
    Object.values(others).some((name) => sendsTo(app, rule, name)),
  )
  return split.length > 0 ? split : rules
}

/** Whether each of them has a backend for a role. */
export function standsIn(app: RouterApp, route: HttpRoute, role: RoleName): boolean {
  return splitRules(app, route).every((rule) => sendsTo(app, rule, app.services[role] ?? ''))
}

function sendsTo(app: RouterApp, { backendRefs }: HttpRouteRule, service: string): boolean {
  return backendRefs?.some((ref) => isTo(app, ref, service)) === true
}

export function isTo(app: RouterApp, ref: HttpBackendRef, service: string): boolean {
  return (
    ref.name === service &&
    (ref.kind ?? 'Service') === 'Service' &&
    (ref.group ?? '') === '' &&
    (ref.namespace ?? app.namespace) === app.namespace
  )
}

/** Why a route cannot serve the app, and what to write instead. */
export function unusable(app: RouterApp, route: HttpRoute): string | undefined {
  const services = Object.values(app.services)
  const what = `the ${route.kind} ${route.metadata.name}`
  const split = splitRules(app, route)
  if (split.length === 0) {
    return `no rule of ${what} has a backendRef to ${app.services[stable]}; add one to the rule whose traffic is to be split`
  }
  for (const [index, rule] of (route.spec.rules ?? []).entries()) {
    if (!split.includes(rule)) continue
    const refs = rule.backendRefs ?? []
    const foreign = refs.find((ref) => !services.some((name) => isTo(app, ref, name)))
    if (foreign !== undefined) {
      return `rule ${index} of ${what} also sends to ${foreign.name}, which is no Service of this release; give it a rule of its own`
    }
    const twice = services.find((name) => refs.filter((ref) => isTo(app, ref, name)).length > 1)
    if (twice !== undefined) {
      return `rule ${index} of ${what} sends to ${twice} more than once; keep one of its backendRefs`
    }
  }
  return undefined
}

export function rolesOf(app: RouterApp): readonly RoleName[] {
  return Object.keys(app.services)
}

/** Shares in per cent of the rule's total; a rule whose weights are all zero sends nothing to anybody. */
export function weightsOf(app: RouterApp, rule: HttpRouteRule): Weights {
  const refs = rule.backendRefs ?? []
  const raw = rolesOf(app).map((role) => {
    const name = app.services[role] as string
    const sum = refs
      .filter((ref) => isTo(app, ref, name))
      .reduce((total, ref) => total + (ref.weight ?? 1), 0)
    return [role, sum] as const
  })
  return inPerCent(raw)
}

export function inPerCent(raw: readonly (readonly [RoleName, number])[]): Weights {
  const total = raw.reduce((sum, [, weight]) => sum + weight, 0)
  return Object.fromEntries(
    raw.map(([role, weight]) => [role, total === 0 ? 0 : (100 * weight) / total]),
  )
}

/** A split rule with these weights: a role that is not among them has no place there. */
export function weighted(app: RouterApp, rule: HttpRouteRule, weights: Weights): HttpRouteRule {
  const refs = rule.backendRefs ?? []
  const placed = refs.map((ref) => roleOf(app, ref))
  const kept = refs.flatMap((ref, position) => {
    const role = placed[position]
    if (role === undefined) return [ref]
    const weight = weights[role]
    return weight === undefined ? [] : [{ ...ref, weight }]
  })
  const added = Object.entries(weights)
    .filter(([role]) => !placed.includes(role))
    .map(([role, weight]) => backendOf(app, rule, role, weight))
  return { ...rule, backendRefs: [...kept, ...added] }
}

function roleOf(app: RouterApp, ref: HttpBackendRef): RoleName | undefined {
  return rolesOf(app).find((role) => isTo(app, ref, app.services[role] as string))
}

/** A backend like stable's, for a candidate. */
export function backendOf(
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
