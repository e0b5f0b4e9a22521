/** Matches of an HTTPRoute as predicates, and the standard's order of precedence among them. */
import type { HttpPathMatch, HttpRouteMatch, HttpValueMatch } from '#core/k8s/gateway-api.ts'
import { expression } from '../expressions.ts'
import { headerOf } from '../headers.ts'
import type { RequestView } from '../table.ts'

/** @throws SyntaxError when a regular expression cannot be read. */
export function matcher(match: HttpRouteMatch): (request: RequestView) => boolean {
  const path = pathMatcher(match.path ?? {})
  const headers = headersMatcher(match.headers ?? [])
  const query = (match.queryParams ?? []).map(({ name, ...value }) => ({
    name,
    test: valueMatcher(value),
  }))
  return (request) =>
    path(request.path) &&
    (match.method === undefined || match.method === request.method) &&
    headers(request) &&
    query.every(({ name, test }) => test(request.query.get(name) ?? undefined))
}

/** @throws SyntaxError when a regular expression cannot be read. */
export function headersMatcher(
  wanted: readonly HttpValueMatch[],
): (request: Pick<RequestView, 'headers'>) => boolean {
  const tests = wanted.map(({ name, ...value }) => ({
    name: name.toLowerCase(),
    test: valueMatcher(value),
  }))
  return (request) => tests.every(({ name, test }) => test(headerOf(request, name)))
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
    const pattern = expression(value, 'whole')
    return (path) => pattern.test(path)
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
  const pattern = expression(value, 'whole')
  return (found) => found !== undefined && pattern.test(found)
}
