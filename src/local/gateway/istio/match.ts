/** Matches of a VirtualService as predicates. Prefixes count characters, expressions take the whole value. */
import { expression } from '../expressions.ts'
import { headerOf } from '../headers.ts'
import type { RequestView } from '../table.ts'
import type { HttpMatch, StringMatch } from './wire.ts'

type Test = (value: string | undefined) => boolean

/** @throws SyntaxError when an expression cannot be read. */
export function matcher(match: HttpMatch): (request: RequestView) => boolean {
  // Who the client is, by its pod, is not known here.
  if (match.sourceLabels !== undefined || match.sourceNamespace !== undefined) return () => false
  const uri = match.uri === undefined ? undefined : textTest(match.uri, match.ignoreUriCase)
  const scheme = textTest(match.scheme)
  const method = textTest(match.method)
  const authority = textTest(match.authority)
  const headers = namedTests(match.headers)
  const without = namedTests(match.withoutHeaders)
  const query = namedTests(match.queryParams)
  return (request) =>
    (uri === undefined || uri(request.path)) &&
    scheme(request.scheme) &&
    method(request.method) &&
    authority(request.authority) &&
    headers.every(([name, test]) => test(headerOf(request, name.toLowerCase()))) &&
    !without.some(([name, test]) => test(headerOf(request, name.toLowerCase()))) &&
    query.every(([name, test]) => test(request.query.get(name) ?? undefined))
}

/** True for a match that every request meets. */
export function isCatchAll(match: HttpMatch): boolean {
  const { uri, gateways: _, ...rest } = match
  const anyPath = uri === undefined || uri.prefix === '/' || uri.regex === '.*'
  return anyPath && Object.values(rest).every((value) => value === undefined)
}

// What is left out matches everything; an empty match of a header wants it to be there.
function textTest(match: StringMatch | undefined, ignoreCase = false): Test {
  if (match === undefined) return () => true
  return valueTest(match, ignoreCase)
}

function valueTest({ exact, prefix, regex }: StringMatch, ignoreCase = false): Test {
  const folded = (text: string): string => (ignoreCase ? text.toLowerCase() : text)
  if (exact !== undefined) {
    return (value) => value !== undefined && folded(value) === folded(exact)
  }
  if (prefix !== undefined) {
    return (value) => value !== undefined && folded(value).startsWith(folded(prefix))
  }
  if (regex === undefined) return (value) => value !== undefined
  const pattern = expression(regex, 'whole')
  return (value) => value !== undefined && pattern.test(value)
}

function namedTests(
  named: Readonly<Record<string, StringMatch>> = {},
): readonly (readonly [string, Test])[] {
  return Object.entries(named).map(([name, match]) => [name, valueTest(match ?? {})] as const)
}
