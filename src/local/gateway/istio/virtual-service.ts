/** Translates a VirtualService into entries of the routing table: the first rule that matches serves. */
import { parseGoDuration } from '../duration.ts'
import { expression } from '../expressions.ts'
import { keyOf, namespaceOf } from '../objects.ts'
import type {
  BackendRef,
  Entry,
  Filter,
  HeaderChange,
  Limits,
  PathChange,
  RouteId,
} from '../table.ts'
import type { Destinations } from './destinations.ts'
import type { Binding } from './gateways.ts'
import { isCatchAll, matcher } from './match.ts'
import type {
  HeaderOperations,
  Headers,
  HttpMatch,
  IstioRoute,
  RegexRewrite,
  VirtualService,
} from './wire.ts'

/** @throws SyntaxError when an expression cannot be read; the others go on. */
export function virtualServiceEntries(
  virtual: VirtualService,
  bound: readonly Binding[],
  to: Destinations,
): readonly Entry[] {
  const namespace = namespaceOf(virtual)
  const id: RouteId = { router: 'istio', namespace, name: virtual.metadata.name }
  const age = virtual.metadata.creationTimestamp ?? ''
  return (virtual.spec?.http ?? []).flatMap((route, routeIndex) => {
    const matches: readonly HttpMatch[] = route.match?.length ? route.match : [{}]
    const backends = (route.route ?? []).map((one, _, all): BackendRef => {
      // A lone destination needs no weight.
      const weight = one.weight ?? (all.length === 1 ? 100 : 0)
      return {
        ...to.backend(one.destination, namespace, weight),
        filters: headerFilters(one.headers),
      }
    })
    const identity = {}
    return matches.flatMap((match, matchIndex) => {
      const entry: Omit<Entry, 'host' | 'schemes'> = {
        route: id,
        matches: matcher(match),
        // Of several VirtualServices for a host, what takes everything comes last.
        rank: [isCatchAll(match) ? 1 : 0, age, keyOf(virtual), routeIndex, matchIndex],
        filters: filtersOf(route, match, { namespace, to }),
        backends,
        limits: limitsOf(route),
        rule: identity,
      }
      return bound
        .filter(({ gateway }) => match.gateways === undefined || match.gateways.includes(gateway))
        .map(({ host, schemes }) => ({ ...entry, host, schemes }))
    })
  })
}

function limitsOf({ timeout }: IstioRoute): Limits {
  const wholeMs = timeout === undefined ? undefined : parseGoDuration(timeout)
  return wholeMs === undefined || wholeMs === 0 ? {} : { wholeMs }
}

function filtersOf(
  route: IstioRoute,
  match: HttpMatch,
  { namespace, to }: { readonly namespace: string; readonly to: Destinations },
): readonly Filter[] {
  const { redirect, directResponse, fault, delegate, headers } = route
  if (fault !== undefined) return [{ kind: 'unsupported', name: 'fault injection' }]
  if (delegate !== undefined) return [{ kind: 'unsupported', name: 'a delegate' }]
  if (redirect !== undefined) return [redirectFilter(redirect)]
  if (directResponse !== undefined) {
    const { string = '', bytes } = directResponse.body ?? {}
    const body = bytes === undefined ? string : Buffer.from(bytes, 'base64').toString()
    return [{ kind: 'answer', status: directResponse.status, body }]
  }
  const mirrors = [
    ...(route.mirrors ?? []),
    ...(route.mirror === undefined
      ? []
      : [{ destination: route.mirror, percentage: route.mirrorPercentage }]),
  ]
  return [
    ...headerFilters(headers),
    ...rewriteFilters(route.rewrite, match),
    ...mirrors.map(
      ({ destination, percentage }): Filter => ({
        kind: 'mirror',
        backend: to.backend(destination, namespace, 100),
        share: (percentage?.value ?? 100) / 100,
      }),
    ),
  ]
}

function redirectFilter(redirect: NonNullable<IstioRoute['redirect']>): Filter {
  const { uri, authority, scheme, port, redirectCode } = redirect
  const [hostname, named] = (authority ?? '').split(':')
  const wanted = port ?? (named === undefined ? undefined : Number(named))
  return {
    kind: 'redirect',
    status: redirectCode ?? 301,
    ...(scheme === undefined ? {} : { scheme }),
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    ...(wanted === undefined ? {} : { port: wanted }),
    ...(uri === undefined ? {} : { path: { kind: 'full', path: uri } }),
  }
}

function rewriteFilters(rewrite: IstioRoute['rewrite'], match: HttpMatch): readonly Filter[] {
  if (rewrite === undefined) return []
  const { uri, authority, uriRegexRewrite } = rewrite
  const path =
    uriRegexRewrite === undefined
      ? uri === undefined
        ? undefined
        : pathChange(uri, match)
      : placesChange(uriRegexRewrite)
  return [
    {
      kind: 'rewrite',
      ...(authority === undefined ? {} : { hostname: authority }),
      ...(path === undefined ? {} : { path }),
    },
  ]
}

// A prefix is replaced as text, an exact path or an expression as a whole, and no match at all is the prefix /.
function pathChange(path: string, { uri }: HttpMatch): PathChange {
  if (uri !== undefined && uri.prefix === undefined) return { kind: 'full', path }
  return { kind: 'text', matched: uri?.prefix ?? '/', path }
}

function placesChange({ match = '', rewrite = '' }: RegexRewrite): PathChange {
  return { kind: 'places', expression: expression(match, 'anywhere', 'g'), template: rewrite }
}

function headerFilters(headers: Headers | undefined): readonly Filter[] {
  if (headers === undefined) return []
  const { request, response } = headers
  const { authority, rest } = withoutAuthority(request)
  return [
    ...(authority === undefined ? [] : [{ kind: 'rewrite', hostname: authority } as const]),
    ...(rest === undefined ? [] : [{ kind: 'requestHeaders', change: rest } as const]),
    ...(response === undefined
      ? []
      : [{ kind: 'responseHeaders', change: changeOf(response) } as const]),
  ]
}

function changeOf({ set = {}, add = {}, remove = [] }: HeaderOperations): HeaderChange {
  return {
    set: Object.entries(set),
    add: Object.entries(add),
    remove: remove.map((name) => name.toLowerCase()),
  }
}

// The Host is no header like others on its way through.
function withoutAuthority(request: HeaderOperations | undefined): {
  readonly authority: string | undefined
  readonly rest: HeaderChange | undefined
} {
  if (request === undefined) return { authority: undefined, rest: undefined }
  const change = changeOf(request)
  const isHost = ([name]: readonly [string, string]): boolean => /^(:authority|host)$/i.test(name)
  return {
    authority: change.set.find(isHost)?.[1],
    rest: { ...change, set: change.set.filter((pair) => !isHost(pair)) },
  }
}
