/** Backends, filters and sessions of a route's rule, the same for HTTPRoute and GRPCRoute. */

import { fnv1a } from '#core/hash.ts'
import type {
  HeaderModifier,
  HttpBackendRef,
  HttpRouteFilter,
  PathModifier,
} from '#core/k8s/gateway-api.ts'
import { parseDuration } from '../duration.ts'
import type { BackendRef, Cookie, Filter, HeaderChange, PathChange } from '../table.ts'
import type { IsGranted } from './grants.ts'
import type { Mirror, SessionPersistence } from './wire.ts'

export type RuleContext = {
  /** Of the route. */
  readonly kind: string
  readonly namespace: string
  readonly isGranted: IsGranted
  /** The prefix that a match takes off where a filter replaces the prefix. */
  readonly matched: string
}

/** True for a reference to a Service, the one kind of backend there is. */
export function isServiceRef({ group = '', kind = 'Service' }: HttpBackendRef): boolean {
  return group === '' && kind === 'Service'
}

export function backend(ref: HttpBackendRef, context: RuleContext): BackendRef {
  const namespace = ref.namespace ?? context.namespace
  const broken = brokenRef(ref, namespace, context)
  return {
    namespace,
    service: ref.name,
    port: ref.port ?? 0,
    weight: ref.weight ?? 1,
    filters: (ref.filters ?? []).map((filter) => translated(filter, context)),
    ...(broken === undefined ? {} : { broken: { status: 500, message: broken } }),
  }
}

function brokenRef(
  ref: HttpBackendRef,
  namespace: string,
  { kind, namespace: home, isGranted }: RuleContext,
): string | undefined {
  if (!isServiceRef(ref)) return `backends of kind ${ref.kind} are not served`
  const from = { group: 'gateway.networking.k8s.io', kind, namespace: home }
  if (!isGranted(from, { group: '', kind: 'Service', namespace, name: ref.name })) {
    return `a reference from ${home} to namespace ${namespace} needs a ReferenceGrant`
  }
  return ref.port === undefined ? 'the reference names no port' : undefined
}

export function translated(filter: HttpRouteFilter, context: RuleContext): Filter {
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
        ...(path === undefined ? {} : { path: pathChange(path, context) }),
      }
    }
    case 'RequestRedirect': {
      const { path, statusCode, ...rest } = filter.requestRedirect
      return {
        kind: 'redirect',
        ...rest,
        status: statusCode ?? 302,
        ...(path === undefined ? {} : { path: pathChange(path, context) }),
      }
    }
    case 'RequestMirror': {
      const { backendRef, percent, fraction } = filter.requestMirror as Mirror
      const part = fraction && fraction.numerator / (fraction.denominator ?? 100)
      const share = part ?? (percent ?? 100) / 100
      return { kind: 'mirror', backend: backend(backendRef, context), share }
    }
    default:
      return { kind: 'unsupported', name: `the filter ${filter.type}` }
  }
}

/** @throws Error for a session that cannot be kept here. */
export function sessionOf(
  { sessionName, type = 'Cookie', absoluteTimeout, cookieConfig }: SessionPersistence,
  ruleId: string,
): Cookie {
  if (type !== 'Cookie')
    throw new Error(`sessionPersistence of type ${type} is not served; use Cookie`)
  const lifeMs = absoluteTimeout === undefined ? undefined : parseDuration(absoluteTimeout)
  const stays = cookieConfig?.lifetimeType === 'Permanent' && lifeMs !== undefined
  return {
    name: sessionName ?? `session-${fnv1a(ruleId)}`,
    ...(stays ? { maxAge: Math.round(lifeMs / 1000) } : {}),
  }
}

function headerChange({ set = [], add = [], remove = [] }: HeaderModifier): HeaderChange {
  return {
    set: set.map(({ name, value }) => [name, value]),
    add: add.map(({ name, value }) => [name, value]),
    remove: remove.map((name) => name.toLowerCase()),
  }
}

function pathChange(change: PathModifier, { matched }: RuleContext): PathChange {
  if (change.type === 'ReplaceFullPath') return { kind: 'full', path: change.replaceFullPath }
  return { kind: 'prefix', matched, path: change.replacePrefixMatch }
}
