/** Translates an HTTPRoute of the Gateway API into entries of the routing table. */
import type {
  HeaderModifier,
  HttpBackendRef,
  HttpRoute,
  HttpRouteFilter,
  HttpRouteMatch,
  HttpRouteRule,
  PathModifier,
} from '#core/k8s/gateway-api.ts'
import { parseDuration } from './duration.ts'
import { matchedPrefix, matcher, matchRank } from './http-route-match.ts'
import type { BackendRef, Entry, Filter, HeaderChange, PathChange, RouteId } from './table.ts'

/**
 * One entry for each host and match.
 * @param hosts the hostnames left after intersection with the listeners, `*` for all
 * @throws SyntaxError when a regular expression in it cannot be read; the route is then not accepted.
 */
export function httpRouteEntries(route: HttpRoute, hosts: readonly string[]): readonly Entry[] {
  const { namespace = 'default', name, creationTimestamp = '' } = route.metadata
  const id: RouteId = { router: 'gateway-api', namespace, name }
  return (route.spec.rules ?? [{}]).flatMap((rule, ruleIndex) => {
    const matches: readonly HttpRouteMatch[] = rule.matches?.length ? rule.matches : [{}]
    const timeoutMs = shortest(rule)
    const identity = {}
    return matches.flatMap((match, matchIndex) => {
      const backends = (rule.backendRefs ?? []).map((ref) => backend(ref, namespace, match))
      const filters = (rule.filters ?? []).map((filter) => translated(filter, match))
      const entry: Omit<Entry, 'host'> = {
        route: id,
        matches: matcher(match),
        rank: [
          ...matchRank(match),
          creationTimestamp,
          `${namespace}/${name}`,
          ruleIndex,
          matchIndex,
        ],
        filters,
        backends,
        rule: identity,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }
      return hosts.map((host) => ({ ...entry, host }))
    })
  })
}

/** True for a reference to a Service, the one kind of backend there is. */
export function isServiceRef({ group = '', kind = 'Service' }: HttpBackendRef): boolean {
  return group === '' && kind === 'Service'
}

// A request to the backend is part of the whole request; with one try the shorter limit decides.
function shortest({ timeouts }: HttpRouteRule): number | undefined {
  const limits = [timeouts?.request, timeouts?.backendRequest]
    .map((text) => (text === undefined ? undefined : parseDuration(text)))
    .filter((limit) => limit !== undefined && limit > 0) as number[]
  return limits.length === 0 ? undefined : Math.min(...limits)
}

function backend(ref: HttpBackendRef, routeNamespace: string, match: HttpRouteMatch): BackendRef {
  const namespace = ref.namespace ?? routeNamespace
  const broken = brokenRef(ref, namespace, routeNamespace)
  return {
    namespace,
    service: ref.name,
    port: ref.port ?? 0,
    weight: ref.weight ?? 1,
    filters: (ref.filters ?? []).map((filter) => translated(filter, match)),
    ...(broken === undefined ? {} : { broken }),
  }
}

function brokenRef(ref: HttpBackendRef, namespace: string, home: string): string | undefined {
  if (!isServiceRef(ref)) return `backends of kind ${ref.kind} are not served`
  if (namespace !== home) return `a reference from ${home} to namespace ${namespace} needs a grant`
  return ref.port === undefined ? 'the reference names no port' : undefined
}

function translated(filter: HttpRouteFilter, match: HttpRouteMatch): Filter {
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return { kind: 'requestHeaders', change: headerChange(filter.requestHeaderModifier) }
    case 'ResponseHeaderModifier':
      return { kind: 'responseHeaders', change: headerChange(filter.responseHeaderModifier) }
    case 'URLRewrite': {
      const { hostname, path } = filter.urlRewrite
      return {
        kind: 'rewrite',
        ...(hostname === undefined ? {} : { hostname }),
        ...(path === undefined ? {} : { path: pathChange(path, match) }),
      }
    }
    case 'RequestRedirect': {
      const { path, statusCode, ...rest } = filter.requestRedirect
      return {
        kind: 'redirect',
        ...rest,
        status: statusCode ?? 302,
        ...(path === undefined ? {} : { path: pathChange(path, match) }),
      }
    }
    default:
      return { kind: 'unsupported', name: filter.type }
  }
}

function headerChange({ set = [], add = [], remove = [] }: HeaderModifier): HeaderChange {
  return {
    set: set.map(({ name, value }) => [name, value]),
    add: add.map(({ name, value }) => [name, value]),
    remove: remove.map((name) => name.toLowerCase()),
  }
}

function pathChange(change: PathModifier, match: HttpRouteMatch): PathChange {
  if (change.type === 'ReplaceFullPath') return { kind: 'full', path: change.replaceFullPath }
  return { kind: 'prefix', matched: matchedPrefix(match), path: change.replacePrefixMatch }
}
