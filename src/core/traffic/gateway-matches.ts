/**
 * Rules by match in a route of the Gateway API: for each alternative a copy of each split rule, which asks for a header
 * too and sends to one candidate alone. They stand before the split rules under names of ours. Gateway APIs before 1.4
 * drop the names of rules, so that an annotation keeps signs of ours as well.
 */
import { canonicalJson, shortHash } from '../hash.ts'
import type {
  HttpRoute,
  HttpRouteMatch,
  HttpRouteRule,
  HttpValueMatch,
} from '../k8s/gateway-api.ts'
import type { Match } from '../model/app.ts'
import { type RoleName, stable } from '../model/weights.ts'
import { annotations } from '../render/names.ts'
import { cookieExpression, cookieIn } from './cookie.ts'
import { backendOf, isTo, rolesOf, splitRules } from './gateway-rules.ts'
import { namesOf } from './match-names.ts'
import { annotated } from './owned.ts'
import type { Matches, RouterApp } from './router.ts'

/** What our rules in a route say; `intact` when they are what we would write today, no more and no less. */
export type MatchReading = { readonly matches: Matches; readonly intact: boolean }

export function readMatches(app: RouterApp, route: HttpRoute): MatchReading {
  const own = ownRules(app, route)
  const matches = Object.fromEntries(
    candidates(app).flatMap((role) => {
      const rules = own.filter((one) => one.role === role).map(({ rule }) => rule)
      const found = distinct(rules.flatMap((rule) => matchIn(rule) ?? []))
      return rules.length === 0 ? [] : [[role, found] as const]
    }),
  )
  const wanted = rulesFor(app, splitRules(app, route), matches)
  return {
    matches,
    intact: sameRules(
      own.map(({ rule }) => rule),
      wanted,
    ),
  }
}

/** The route with these rules by match of ours and no others. */
export function withMatches(app: RouterApp, route: HttpRoute, matches: Matches): HttpRoute {
  const split = splitRules(app, route)
  const wanted = rulesFor(app, split, matches)
  const own = ownRules(app, route).map(({ rule }) => rule)
  if (sameRules(own, wanted)) return route
  const others = (route.spec.rules ?? []).filter((rule) => !own.includes(rule))
  const first = others.findIndex((rule) => split.includes(rule))
  const rules = [...others.slice(0, first), ...wanted, ...others.slice(first)]
  const signs = wanted.length === 0 ? undefined : wanted.map(signOf).join(' ')
  return annotated({ ...route, spec: { ...route.spec, rules } }, { [annotations.rules]: signs })
}

function candidates(app: RouterApp): readonly RoleName[] {
  return rolesOf(app).filter((role) => role !== stable)
}

type OwnRule = { readonly role: RoleName; readonly rule: HttpRouteRule }

function ownRules(app: RouterApp, route: HttpRoute): readonly OwnRule[] {
  const signs = (route.metadata.annotations?.[annotations.rules] ?? '').split(' ')
  return (route.spec.rules ?? []).flatMap((rule) => {
    const { name, backendRefs = [] } = rule
    const [ref] = backendRefs
    if (ref === undefined || backendRefs.length > 1) return []
    const isOwn = (role: RoleName): boolean =>
      isTo(app, ref, app.services[role] ?? '') &&
      (name === undefined || name === ''
        ? signs.includes(signOf(rule))
        : namesOf(app, role).fits(name))
    const role = candidates(app).find(isOwn)
    return role === undefined ? [] : [{ role, rule }]
  })
}

function rulesFor(
  app: RouterApp,
  split: readonly HttpRouteRule[],
  matches: Matches,
): readonly HttpRouteRule[] {
  return candidates(app).flatMap((role) => {
    const { at } = namesOf(app, role)
    return split
      .flatMap((rule) => (matches[role] ?? []).flatMap((match) => copyFor(app, rule, role, match)))
      .map((rule, index) => ({ ...rule, name: at(index) }))
  })
}

/** Nothing where the rule asks for another value of the very header: there is no request that both want. */
function copyFor(
  app: RouterApp,
  rule: HttpRouteRule,
  role: RoleName,
  match: Match,
): readonly HttpRouteRule[] {
  const asked = headerOf(match)
  const places: readonly HttpRouteMatch[] = rule.matches?.length ? rule.matches : [{}]
  const matches = places.flatMap((place) => {
    const same = (place.headers ?? []).filter((header) => isSame(header.name, asked.name))
    if (same.some((header) => valueOf(header) !== valueOf(asked))) return []
    const rest = (place.headers ?? []).filter((header) => !same.includes(header))
    return [{ ...place, headers: [...rest, asked] }]
  })
  if (matches.length === 0) return []
  return [{ ...rule, matches, backendRefs: [backendOf(app, rule, role, 100)] }]
}

function headerOf(match: Match): HttpValueMatch {
  if (match.kind === 'cookie') {
    const value = cookieExpression(match.name, match.value)
    return { type: 'RegularExpression', name: 'Cookie', value }
  }
  const { name, value, regex } = match
  return { type: regex ? 'RegularExpression' : 'Exact', name, value }
}

/** The alternative that a rule of ours is for: what each of its matches asks for last. */
function matchIn(rule: HttpRouteRule): Match | undefined {
  const header = rule.matches?.[0]?.headers?.at(-1)
  if (header === undefined) return undefined
  const { name, value } = header
  const regex = header.type === 'RegularExpression'
  const cookie = regex && isSame(name, 'cookie') ? cookieIn(value) : undefined
  return cookie === undefined
    ? { kind: 'header', name, value, regex }
    : { kind: 'cookie', ...cookie }
}

function distinct(matches: readonly Match[]): readonly Match[] {
  const texts = matches.map(canonicalJson)
  return matches.filter((_, index) => texts.indexOf(texts[index] as string) === index)
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function valueOf({ type = 'Exact', value }: HttpValueMatch): string {
  return `${type} ${value}`
}

function sameRules(one: readonly HttpRouteRule[], other: readonly HttpRouteRule[]): boolean {
  return (
    one.length === other.length &&
    one.every((rule, index) => {
      const wanted = other[index] as HttpRouteRule
      return plain(rule) === plain(wanted) && (rule.name === undefined || rule.name === wanted.name)
    })
  )
}

/** A rule without its name and with what servers write out. */
function plain({ name: _name, backendRefs, matches, ...rest }: HttpRouteRule): string {
  return canonicalJson({
    ...rest,
    matches: (matches ?? []).map(plainMatch),
    backendRefs: (backendRefs ?? []).map(({ group: _group, kind: _kind, ...ref }) => ref),
  })
}

function plainMatch({ path, headers, ...rest }: HttpRouteMatch): unknown {
  return {
    ...rest,
    path: { type: path?.type ?? 'PathPrefix', value: path?.value ?? '/' },
    headers: (headers ?? []).map(({ name, ...header }) => [name, valueOf({ name, ...header })]),
  }
}

function signOf({ backendRefs, matches }: HttpRouteRule): string {
  const asked = (matches ?? []).map(({ headers }) => headers?.at(-1))
  return shortHash([
    backendRefs?.[0]?.name,
    asked.map((header) => (header === undefined ? '' : `${header.name} ${valueOf(header)}`)),
  ])
}
