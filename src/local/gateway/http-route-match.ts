/** Matches of an HTTPRoute as predicates, and the standard's order of precedence among them. */
import type { HttpPathMatch, HttpRouteMatch, HttpValueMatch } from '#core/k8s/gateway-api.ts'
import type { RequestView } from './table.ts'

/** @throws SyntaxError when a regular expression cannot be read. */
export function matcher(match: HttpRouteMatch): (request: RequestView) => boolean {
  const path = pathMatcher(match.path ?? {})
  const headers = (match.headers ?? []).map(({ name, ...value }) => ({
    name: name.toLowerCase(),
    test: valueMatcher(value),
  }))
  const query = (match.queryParams ?? []).map(({ name, ...value }) => ({
    name,
    test: valueMatcher(value),
  }))
  return (request) =>
    path(request.path) &&
    (match.method === undefined || match.method === request.method) &&
    headers.every(({ name, test }) => test(headerValue(request, name))) &&
    query.every(({ name, test }) => test(request.query.get(name) ?? undefined))
}

/**
 * Exact path, then regular expression (as Envoy's gateways have it; the standard leaves it open), then the longest
 * prefix, then a method, then the most headers, then the most query parameters.
 */
export function matchRank(match: HttpRouteMatch): readonly number[] {
  const { type, value } = withDefaults(match.path ?? {})
  const kind = type === 'Exact' ? 0 : type === 'RegularExpression' ? 1 : 2
  return [
    kind,
    kind === 0 ? 0 : -value.length,
    match.method === undefined ? 1 : 0,
    -(match.headers?.length ?? 0),
    -(match.queryParams?.length ?? 0),
  ]
}

/** The prefix that a match takes off where a filter replaces the prefix; `/` where there is none. */
export function matchedPrefix(match: HttpRouteMatch): string {
  const { type, value } = withDefaults(match.path ?? {})
  return type === 'PathPrefix' ? value : '/'
}

function withDefaults(path: HttpPathMatch): Required<HttpPathMatch> {
  return { type: path.type ?? 'PathPrefix', value: path.value ?? '/' }
}

function pathMatcher(match: HttpPathMatch): (path: string) => boolean {
  const { type, value } = withDefaults(match)
  if (type === 'Exact') return (path) => path === value
  if (type === 'RegularExpression') {
    const expression = wholeString(value)
    return (path) => expression.test(path)
  }
  // Prefixes are counted in whole segments: /foo takes /foo and /foo/bar, never /foobar.
  const prefix = value.replace(/\/+$/, '')
  return (path) => path === prefix || path.startsWith(`${prefix}/`)
}

function valueMatcher({
  type,
  value,
}: Omit<HttpValueMatch, 'name'>): (found: string | undefined) => boolean {
  if (type !== 'RegularExpression') return (found) => found === value
  const expression = wholeString(value)
  return (found) => found !== undefined && expression.test(found)
}

function wholeString(source: string): RegExp {
  return new RegExp(`^(?:${source})$`, 'u')
}

function headerValue({ headers }: RequestView, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(',')
}
