/**
 * The routing table: what every kind of route is translated into before a request meets it. Knows nothing of
 * Kubernetes; order and meaning of matches are the translators' business, expressed as a rank.
 */

/** The families of metric names and rules a route may come from. `service` is a Service asked by its own name. */
export type RouterKind = 'gateway-api' | 'nginx' | 'istio' | 'service'

export type Scheme = 'http' | 'https'

export type RouteId = {
  readonly router: RouterKind
  readonly namespace: string
  readonly name: string
}

/** What a request shows of itself to the matches. Header names are in lower case. */
export type RequestView = {
  readonly scheme: Scheme
  readonly method: string
  /** As the client wrote it, with a port where there is one. */
  readonly authority: string
  /** Without query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly query: URLSearchParams
  /** The client's address. */
  readonly client: string
}

/** What a backend's endpoint is chosen by, so that like requests meet the same one; absent values choose freely. */
export type HashKey =
  | { readonly kind: 'cookie'; readonly cookie: Cookie; readonly isMade: boolean }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }
  | { readonly kind: 'client' }

/** A cookie that the gateway sets. */
export type Cookie = {
  readonly name: string
  readonly path?: string
  readonly domain?: string
  /** Seconds; left out it ends with the browser's session. */
  readonly maxAge?: number
  readonly sameSite?: string
  readonly secure?: boolean
}

/** How requests are carried to pods: HTTP/1.1, or cleartext HTTP/2 with prior knowledge. */
export type Protocol = 'http1' | 'h2c'

export type BackendRef = {
  readonly namespace: string
  readonly service: string
  readonly port: number
  readonly weight: number
  /** Of the Service's pods only those with all these labels. */
  readonly podLabels?: Readonly<Record<string, string>>
  readonly hash?: HashKey
  /** Set when the reference may not be followed: what its share is answered with. */
  readonly broken?: { readonly status: number; readonly message: string }
  readonly filters: readonly Filter[]
  /** Takes its share as long as this one has no ready endpoint. */
  readonly standIn?: BackendRef
  /** True where a session does not bind to it. */
  readonly isSessionless?: boolean
  /** Labels of its series beyond those that follow from route and Service. */
  readonly seriesLabels?: Readonly<Record<string, string>>
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
  /** Characters, not segments, are replaced. */
  | { readonly kind: 'text'; readonly matched: string; readonly path: string }
  /** A whole new path, with `$1` for the groups that the expression finds in the old one. */
  | { readonly kind: 'template'; readonly expression: RegExp; readonly template: string }
  /** Every place that the expression finds, with `\1` for its groups. */
  | { readonly kind: 'places'; readonly expression: RegExp; readonly template: string }

export type Filter =
  | { readonly kind: 'requestHeaders'; readonly change: HeaderChange }
  | { readonly kind: 'responseHeaders'; readonly change: HeaderChange }
  | { readonly kind: 'rewrite'; readonly hostname?: string; readonly path?: PathChange }
  | {
      readonly kind: 'redirect'
      readonly scheme?: string
      readonly hostname?: string
      /** `own` stands for the port of this gateway for the scheme, where the client named one. */
      readonly port?: number | 'own'
      readonly path?: PathChange
      readonly status: number
    }
  /** To an address as it stands, but for `$request_uri`, `$host` and `$scheme`. */
  | { readonly kind: 'redirectTo'; readonly url: string; readonly status: number }
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  /** A copy whose answer nobody waits for, of this share (0 to 1) of the requests. */
  | { readonly kind: 'mirror'; readonly backend: BackendRef; readonly share: number }
  /** A filter that cannot be honoured: the standards demand an error rather than leaving it out. */
  | { readonly kind: 'unsupported'; readonly name: string }

/** Milliseconds; undefined is no limit. */
export type Limits = {
  /** The whole request. */
  readonly wholeMs?: number
  /** Until a connection to the pod stands. */
  readonly connectMs?: number
  /** Between two reads from the pod. */
  readonly silenceMs?: number
}

export type Entry = {
  readonly route: RouteId
  /** `*`, `*.example.com` or an exact name, in lower case. */
  readonly host: string
  /** Default: both. */
  readonly schemes?: readonly Scheme[]
  readonly matches: (request: RequestView) => boolean
  /** Compared element by element, smaller first, among the entries of one router and host. */
  readonly rank: readonly (number | string)[]
  readonly filters: readonly Filter[]
  readonly backends: readonly BackendRef[]
  readonly limits: Limits
  /** Default `http1`. */
  readonly protocol?: Protocol
  /** The first answer binds a client to the backend and pod that gave it, whatever the weights say later. */
  readonly session?: Cookie
  /** Identity of the rule, shared by the entries made from its several matches and hosts. */
  readonly rule: object
}

/** By router, then by scheme and host. */
export type Table = ReadonlyMap<RouterKind, ReadonlyMap<string, readonly Entry[]>>

export const emptyTable: Table = new Map()

const bothSchemes = ['http', 'https'] as const

/** Sorts entries into a table. */
export function buildTable(entries: readonly Entry[]): Table {
  const table = new Map<RouterKind, Map<string, Entry[]>>()
  for (const entry of entries) {
    const { router } = entry.route
    const hosts = table.get(router) ?? new Map<string, Entry[]>()
    table.set(router, hosts)
    for (const scheme of entry.schemes ?? bothSchemes) {
      const key = `${scheme} ${entry.host}`
      const others = hosts.get(key)
      if (others === undefined) hosts.set(key, [entry])
      else others.push(entry)
    }
  }
  for (const hosts of table.values()) {
    for (const list of hosts.values()) list.sort((a, b) => compareRanks(a.rank, b.rank))
  }
  return table
}

/**
 * The entry that serves a request. Within a router only the most specific host is looked at, as in the virtual hosts of
 * real proxies: a request that none of its rules matches does not fall back to that router's wildcard. Among routers,
 * which in real clusters have addresses of their own, the more specific host goes first.
 * @param service what a Service of exactly that name would serve; asked when no route has the exact host
 */
export function findEntry(
  table: Table,
  host: string,
  request: RequestView,
  service: (host: string) => Entry | undefined = () => undefined,
): Entry | undefined {
  const spent = new Set<RouterKind>()
  for (const candidate of hostCandidates(host)) {
    const key = `${request.scheme} ${candidate}`
    for (const [router, hosts] of table) {
      const entries = spent.has(router) ? undefined : hosts.get(key)
      if (entries === undefined) continue
      const found = entries.find((entry) => entry.matches(request))
      if (found !== undefined) return found
      spent.add(router)
    }
    if (candidate === host && spent.size === 0) {
      const direct = service(host)
      if (direct !== undefined) return direct
    }
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
