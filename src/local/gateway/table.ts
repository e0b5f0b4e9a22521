/**
 * The routing table: what every kind of route is translated into before a request meets it. Knows nothing of
 * Kubernetes; order and meaning of matches are the translators' business, expressed as a rank.
 */

/** The families of metric names and rules a route may come from. */
export type RouterKind = 'gateway-api' | 'nginx' | 'istio'

export type RouteId = {
  readonly router: RouterKind
  readonly namespace: string
  readonly name: string
}

/** What a request shows of itself to the matches. Header names are in lower case. */
export type RequestView = {
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly query: URLSearchParams
}

export type BackendRef = {
  readonly namespace: string
  readonly service: string
  readonly port: number
  readonly weight: number
  /** Set when the reference may not be followed: its share is answered with 500. */
  readonly broken?: string
  readonly filters: readonly Filter[]
}

export type HeaderChange = {
  readonly set: readonly (readonly [name: string, value: string])[]
  readonly add: readonly (readonly [name: string, value: string])[]
  readonly remove: readonly string[]
}

/** `matched` is the prefix that led here, for replacement. */
export type PathChange =
  | { readonly kind: 'full'; readonly path: string }
  | { readonly kind: 'prefix'; readonly matched: string; readonly path: string }

export type Filter =
  | { readonly kind: 'requestHeaders'; readonly change: HeaderChange }
  | { readonly kind: 'responseHeaders'; readonly change: HeaderChange }
  | { readonly kind: 'rewrite'; readonly hostname?: string; readonly path?: PathChange }
  | {
      readonly kind: 'redirect'
      readonly scheme?: string
      readonly hostname?: string
      readonly port?: number
      readonly path?: PathChange
      readonly status: number
    }
  /** A filter that cannot be honoured: the standard demands an error rather than leaving it out. */
  | { readonly kind: 'unsupported'; readonly name: string }

export type Entry = {
  readonly route: RouteId
  /** `*`, `*.example.com` or an exact name, in lower case. */
  readonly host: string
  readonly matches: (request: RequestView) => boolean
  /** Compared element by element, smaller first, among the entries of one host. */
  readonly rank: readonly (number | string)[]
  readonly filters: readonly Filter[]
  readonly backends: readonly BackendRef[]
  /** Whole request, milliseconds; undefined is no limit. */
  readonly timeoutMs?: number
  /** Identity of the rule, shared by the entries made from its several matches and hosts. */
  readonly rule: object
}

export type Table = { readonly hosts: ReadonlyMap<string, readonly Entry[]> }

export const emptyTable: Table = { hosts: new Map() }

/** Sorts entries into a table. */
export function buildTable(entries: readonly Entry[]): Table {
  const hosts = new Map<string, Entry[]>()
  for (const entry of entries) {
    const others = hosts.get(entry.host)
    if (others === undefined) hosts.set(entry.host, [entry])
    else others.push(entry)
  }
  for (const list of hosts.values()) list.sort((a, b) => compareRanks(a.rank, b.rank))
  return { hosts }
}

/**
 * The entry that serves a request. Only the most specific host is looked at, as in the virtual hosts of real proxies:
 * a request that none of its rules matches does not fall back to a wildcard.
 */
export function findEntry(table: Table, host: string, request: RequestView): Entry | undefined {
  for (const candidate of hostCandidates(host)) {
    const entries = table.hosts.get(candidate)
    if (entries !== undefined) return entries.find((entry) => entry.matches(request))
  }
  return undefined
}

/** The host header without port, in lower case. */
export function hostWithoutPort(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase()
}

function* hostCandidates(host: string): Generator<string> {
  yield host
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    yield `*${host.slice(dot)}`
  }
  yield '*'
}

function compareRanks(a: Entry['rank'], b: Entry['rank']): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [left, right] = [a[i] ?? 0, b[i] ?? 0]
    if (left !== right) return left < right ? -1 : 1
  }
  return a.length - b.length
}
