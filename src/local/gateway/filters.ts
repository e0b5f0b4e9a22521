/** What the filters of a rule make of a request: an answer of the gateway's own, or changes on the way. */
import type { BackendRef, Filter, HeaderChange, PathChange, Scheme } from './table.ts'

export type Target = {
  readonly scheme: Scheme
  readonly host: string
  /** Path with query. */
  readonly path: string
}

export type Mirror = { readonly backend: BackendRef; readonly share: number }

export type Effect =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly location?: string
      readonly body: string
    }
  | { readonly kind: 'unsupported'; readonly name: string }
  | {
      readonly kind: 'forward'
      readonly target: Target
      readonly request: readonly HeaderChange[]
      readonly response: readonly HeaderChange[]
      readonly mirrors: readonly Mirror[]
    }

/** The ports of this gateway, by scheme. */
export type OwnPorts = Readonly<Record<Scheme, number>>

export function effectOf(filters: readonly Filter[], asked: Target, own: OwnPorts): Effect {
  let target = asked
  const request: HeaderChange[] = []
  const response: HeaderChange[] = []
  const mirrors: Mirror[] = []
  for (const filter of filters) {
    switch (filter.kind) {
      case 'requestHeaders':
        request.push(filter.change)
        break
      case 'responseHeaders':
        response.push(filter.change)
        break
      case 'rewrite':
        target = rewritten(target, filter)
        break
      case 'mirror':
        mirrors.push(filter)
        break
      case 'redirect': {
        const location = locationOf(filter, target, own)
        return { kind: 'answer', status: filter.status, location, body: '' }
      }
      case 'redirectTo':
        return {
          kind: 'answer',
          status: filter.status,
          location: filled(filter.url, target),
          body: '',
        }
      case 'answer':
        return filter
      default:
        return { kind: 'unsupported', name: filter.name }
    }
  }
  return { kind: 'forward', target, request, response, mirrors }
}

function rewritten(target: Target, filter: Extract<Filter, { kind: 'rewrite' }>): Target {
  return {
    scheme: target.scheme,
    host: filter.hostname ?? target.host,
    path: filter.path === undefined ? target.path : changePath(target.path, filter.path),
  }
}

/** Replaces the path, or its matched prefix counted in whole segments; the query stays. */
function changePath(asked: string, change: PathChange): string {
  const [path = '/', query] = splitOnce(asked, '?')
  const tail = query === undefined ? '' : `?${query}`
  switch (change.kind) {
    case 'full':
      return withSlash(change.path) + tail
    case 'prefix': {
      const rest = path.slice(change.matched.replace(/\/+$/, '').length)
      return withSlash(change.path.replace(/\/+$/, '') + rest) + tail
    }
    case 'text':
      return withSlash(change.path + path.slice(change.matched.length)) + tail
    case 'template': {
      const groups = change.expression.exec(path) ?? []
      const made = change.template.replaceAll(/\$(\d)/g, (_, digit) => groups[Number(digit)] ?? '')
      return withSlash(made) + tail
    }
    default: {
      const template = change.template.replaceAll('$', '$$$$').replaceAll(/\\(\d)/g, '$$$1')
      return withSlash(path.replaceAll(change.expression, template)) + tail
    }
  }
}

function locationOf(
  filter: Extract<Filter, { kind: 'redirect' }>,
  target: Target,
  own: OwnPorts,
): string {
  const scheme = filter.scheme ?? target.scheme
  const [name = '', askedPort] = splitOnce(target.host, ':')
  const host = filter.hostname ?? name
  const usual = scheme === 'https' ? 443 : 80
  const port = portOf(filter, askedPort, own[scheme === 'https' ? 'https' : 'http'])
  const authority = port === undefined || port === usual ? host : `${host}:${port}`
  const path = filter.path === undefined ? target.path : changePath(target.path, filter.path)
  return `${scheme}://${authority}${path}`
}

// A new scheme without a port means the port that is usual for it.
function portOf(
  { port, scheme }: Extract<Filter, { kind: 'redirect' }>,
  asked: string | undefined,
  own: number,
): number | undefined {
  if (port === 'own') return asked === undefined ? undefined : own
  if (port !== undefined) return port
  return scheme === undefined && asked !== undefined ? Number(asked) : undefined
}

function filled(url: string, { scheme, host, path }: Target): string {
  const values = { request_uri: path, host: splitOnce(host, ':')[0], scheme }
  return url.replaceAll(
    /\$(request_uri|host|scheme)\b/g,
    (_, name) => values[name as keyof typeof values],
  )
}

function withSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

function splitOnce(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
