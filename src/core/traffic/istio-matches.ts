/** Rules by match in a VirtualService: copies of the split rules that ask for a header too, under names of ours, before them. */
import { canonicalJson } from '../hash.ts'
import type { IstioHttp, IstioMatch, StringMatch, VirtualService } from '../k8s/istio.ts'
import type { Match } from '../model/app.ts'
import { type RoleName, stable } from '../model/weights.ts'
import { cookieExpression, cookieIn } from './cookie.ts'
import { destinationOf, roleOf, rolesOf, splitRules } from './istio-rules.ts'
import { namesOf } from './match-names.ts'
import type { Matches, RouterApp } from './router.ts'

/** What our rules say; `intact` when they are what we would write today, no more and no less. */
export function readMatches(
  app: RouterApp,
  virtual: VirtualService,
): { readonly matches: Matches; readonly intact: boolean } {
  const own = ownRules(app, virtual)
  const split = splitRules(app, virtual)
  const matches = Object.fromEntries(
    candidates(app).flatMap((role) => {
      const rules = own.filter((one) => one.role === role)
      const found = distinct(rules.flatMap(({ rule }) => matchIn(rule, split) ?? []))
      return rules.length === 0 ? [] : [[role, found] as const]
    }),
  )
  const wanted = rulesFor(app, split, matches)
  const rules = own.map(({ rule }) => rule)
  return { matches, intact: canonicalJson(rules) === canonicalJson(wanted) }
}

/** The VirtualService with these rules by match of ours and no others. */
export function withMatches(
  app: RouterApp,
  virtual: VirtualService,
  matches: Matches,
): VirtualService {
  const split = splitRules(app, virtual)
  const wanted = rulesFor(app, split, matches)
  const own = ownRules(app, virtual).map(({ rule }) => rule)
  if (canonicalJson(own) === canonicalJson(wanted)) return virtual
  const others = (virtual.spec?.http ?? []).filter((rule) => !own.includes(rule))
  const first = others.findIndex((rule) => split.includes(rule))
  const http = [...others.slice(0, first), ...wanted, ...others.slice(first)]
  return { ...virtual, spec: { ...virtual.spec, http } }
}

function candidates(app: RouterApp): readonly RoleName[] {
  return rolesOf(app).filter((role) => role !== stable)
}

type OwnRule = { readonly role: RoleName; readonly rule: IstioHttp }

function ownRules(app: RouterApp, { spec }: VirtualService): readonly OwnRule[] {
  return (spec?.http ?? []).flatMap((rule) => {
    const { name = '', route = [] } = rule
    const [to] = route
    if (to === undefined || route.length > 1) return []
    const role = roleOf(app, to)
    const isOwn = role !== undefined && role !== stable && namesOf(app, role).fits(name)
    return isOwn ? [{ role, rule }] : []
  })
}

function rulesFor(
  app: RouterApp,
  split: readonly IstioHttp[],
  matches: Matches,
): readonly IstioHttp[] {
  return candidates(app).flatMap((role) => {
    const { at } = namesOf(app, role)
    return split
      .flatMap((rule) => (matches[role] ?? []).flatMap((match) => copyFor(app, rule, role, match)))
      .map((rule, index) => ({ ...rule, name: at(index) }))
  })
}

function copyFor(
  app: RouterApp,
  rule: IstioHttp,
  role: RoleName,
  match: Match,
): readonly IstioHttp[] {
  const [name, asked] = headerOf(match)
  const places: readonly IstioMatch[] = rule.match?.length ? rule.match : [{}]
  const wanted = places.flatMap((place) => {
    const before = place.headers?.[name]
    if (before !== undefined && canonicalJson(before) !== canonicalJson(asked)) return []
    return [{ ...place, headers: { ...place.headers, [name]: asked } }]
  })
  if (wanted.length === 0) return []
  return [{ ...rule, match: wanted, route: [destinationOf(app, rule, role, 100)] }]
}

/** Istio knows headers by their names in small letters. */
function headerOf(match: Match): readonly [string, StringMatch] {
  if (match.kind === 'cookie')
    return ['cookie', { regex: cookieExpression(match.name, match.value) }]
  const name = match.name.toLowerCase()
  return [name, match.regex ? { regex: match.value } : { exact: match.value }]
}

/** The alternative that a rule of ours is for: the header without which it asks for what a split rule asks for. */
function matchIn(rule: IstioHttp, split: readonly IstioHttp[]): Match | undefined {
  const headers = rule.match?.[0]?.headers ?? {}
  const bases = split.flatMap(({ match }) => (match?.length ? match : [{}]))
  const known = new Set(bases.map((base: IstioMatch) => canonicalJson(base.headers ?? {})))
  const names = Object.keys(headers)
  const name =
    names.find((one) => {
      const { [one]: _own, ...rest } = headers
      return known.has(canonicalJson(rest))
    }) ?? names.at(-1)
  const asked = name === undefined ? undefined : headers[name]
  if (name === undefined || asked === undefined) return undefined
  const { exact, regex } = asked
  const cookie = name === 'cookie' && regex !== undefined ? cookieIn(regex) : undefined
  if (cookie !== undefined) return { kind: 'cookie', ...cookie }
  return { kind: 'header', name, value: regex ?? exact ?? '', regex: regex !== undefined }
}

function distinct(matches: readonly Match[]): readonly Match[] {
  const texts = matches.map(canonicalJson)
  return matches.filter((_, index) => texts.indexOf(texts[index] as string) === index)
}
