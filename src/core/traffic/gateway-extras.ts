/** Extras in the split rules of a route of the Gateway API. What people wrote there themselves stays theirs. */
import type {
  HeaderModifier,
  HttpRoute,
  HttpRouteFilter,
  HttpRouteRule,
} from '../k8s/gateway-api.ts'
import type { Extras } from '../model/app.ts'
import { recordedIn, recording, wantedOf } from './extras.ts'
import { splitRules } from './gateway-rules.ts'
import type { RouterApp } from './router.ts'

type InRules = Pick<Extras, 'responseHeaders' | 'sticky' | 'timeoutSeconds'>

/** Members that the experimental channel adds to a rule. */
type Rule = HttpRouteRule & {
  readonly sessionPersistence?: { readonly sessionName?: string; readonly type?: string }
}

/** The route with the extras asked for in its split rules, and without those that were ours and are not any more. */
export function withExtras(
  app: RouterApp,
  route: HttpRoute,
  able: readonly (keyof Extras)[],
): HttpRoute {
  const before = recordedIn(route)
  const wanted = wantedOf(app, able)
  const own = splitRules(app, route)
  const bare = own.map((rule) => without(rule, before))
  const taken = untaken(bare, wanted)
  const rules = (route.spec.rules ?? []).map((rule) => {
    const index = own.indexOf(rule)
    return index < 0 ? rule : withOwn(bare[index] as Rule, taken)
  })
  if (own.length === 0) return route
  return recording({ ...route, spec: { ...route.spec, rules } }, taken)
}

/** Those of them that no rule has an own word on. */
function untaken(rules: readonly Rule[], wanted: InRules): InRules {
  const { responseHeaders = {}, sticky, timeoutSeconds } = wanted
  const named = new Set(
    rules.flatMap(({ filters = [] }) =>
      filters.flatMap((filter) =>
        filter.type === 'ResponseHeaderModifier'
          ? [...setIn(filter), ...(filter.responseHeaderModifier.add ?? [])].map(({ name }) =>
              name.toLowerCase(),
            )
          : [],
      ),
    ),
  )
  const headers = Object.entries(responseHeaders).filter(([name]) => !named.has(name.toLowerCase()))
  const isFree = (has: (rule: Rule) => unknown): boolean =>
    rules.every((rule) => has(rule) === undefined)
  return {
    ...(headers.length === 0 ? {} : { responseHeaders: Object.fromEntries(headers) }),
    ...(sticky !== undefined && isFree((rule) => rule.sessionPersistence) ? { sticky } : {}),
    ...(timeoutSeconds !== undefined && isFree((rule) => rule.timeouts?.request)
      ? { timeoutSeconds }
      : {}),
  }
}

function withOwn(rule: Rule, { responseHeaders, sticky, timeoutSeconds }: InRules): Rule {
  const filters = withHeaders(rule.filters ?? [], responseHeaders ?? {})
  return {
    ...rule,
    ...(filters.length === 0 && rule.filters === undefined ? {} : { filters }),
    ...(sticky === undefined
      ? {}
      : { sessionPersistence: { sessionName: sticky.cookie, type: 'Cookie' } }),
    ...(timeoutSeconds === undefined
      ? {}
      : { timeouts: { ...rule.timeouts, request: `${timeoutSeconds}s` } }),
  }
}

function without(rule: Rule, { responseHeaders = {}, sticky, timeoutSeconds }: InRules): Rule {
  let bare: Rule = rule
  if (sticky !== undefined && rule.sessionPersistence?.sessionName === sticky.cookie) {
    const { sessionPersistence: _ours, ...rest } = bare
    bare = rest
  }
  if (timeoutSeconds !== undefined && rule.timeouts?.request === `${timeoutSeconds}s`) {
    const { timeouts, ...rest } = bare
    const { request: _ours, ...others } = timeouts ?? {}
    bare = Object.keys(others).length === 0 ? rest : { ...rest, timeouts: others }
  }
  if (bare.filters === undefined || Object.keys(responseHeaders).length === 0) return bare
  const filters = bare.filters.flatMap((filter): readonly HttpRouteFilter[] => {
    if (filter.type !== 'ResponseHeaderModifier') return [filter]
    const set = setIn(filter).filter(({ name, value }) => responseHeaders[name] !== value)
    if (set.length === setIn(filter).length) return [filter]
    const { set: _before, ...others } = filter.responseHeaderModifier
    const change = set.length === 0 ? others : { ...others, set }
    return isNothing(change) ? [] : [{ ...filter, responseHeaderModifier: change }]
  })
  const { filters: _before, ...rest } = bare
  return filters.length === 0 ? rest : { ...bare, filters }
}

function isNothing({ set = [], add = [], remove = [] }: HeaderModifier): boolean {
  return set.length + add.length + remove.length === 0
}

type ResponseFilter = Extract<HttpRouteFilter, { type: 'ResponseHeaderModifier' }>

function setIn({ responseHeaderModifier }: ResponseFilter) {
  return responseHeaderModifier?.set ?? []
}

// A rule may have one such filter only: what people set there and what we set stand together.
function withHeaders(
  filters: readonly HttpRouteFilter[],
  headers: Readonly<Record<string, string>>,
): readonly HttpRouteFilter[] {
  const set = Object.entries(headers).map(([name, value]) => ({ name, value }))
  if (set.length === 0) return filters
  const index = filters.findIndex(({ type }) => type === 'ResponseHeaderModifier')
  if (index < 0)
    return [...filters, { type: 'ResponseHeaderModifier', responseHeaderModifier: { set } }]
  return filters.map((filter, at) =>
    at !== index || filter.type !== 'ResponseHeaderModifier'
      ? filter
      : {
          ...filter,
          responseHeaderModifier: {
            ...filter.responseHeaderModifier,
            set: [...setIn(filter), ...set],
          },
        },
  )
}
