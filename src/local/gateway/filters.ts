/** What the filters of a rule make of a request: an answer of the gateway's own, or changes on the way. */
import type { Filter, HeaderChange, PathChange } from './table.ts'

export type Target = {
  readonly host: string
  /** Path with query. */
  readonly path: string
}

export type Effect =
  | { readonly kind: 'answer'; readonly status: number; readonly location: string }
  | { readonly kind: 'unsupported'; readonly name: string }
  | {
      readonly kind: 'forward'
      readonly target: Target
      readonly request: readonly HeaderChange[]
      readonly response: readonly HeaderChange[]
    }

export function effectOf(filters: readonly Filter[], asked: Target): Effect {
  let target = asked
  const request: HeaderChange[] = []
  const response: HeaderChange[] = []
  for (const filter of filters) {
    switch (filter.kind) {
      case 'requestHeaders':
        request.push(filter.change)
        break
      case 'responseHeaders':
        response.push(filter.change)
        break
      case 'rewrite':
        target = {
          host: filter.hostname ?? target.host,
          path: filter.path === undefined ? target.path : changePath(target.path, filter.path),
        }
        break
      case 'redirect':
        return { kind: 'answer', status: filter.status, location: locationOf(filter, target) }
      default:
        return { kind: 'unsupported', name: filter.name }
    }
  }
  return { kind: 'forward', target, request, response }
}

/** Replaces the path, or its matched prefix counted in whole segments; the query stays. */
export function changePath(asked: string, change: PathChange): string {
  const [path = '/', query] = splitOnce(asked, '?')
  const tail = query === undefined ? '' : `?${query}`
  if (change.kind === 'full') return withSlash(change.path) + tail
  const rest = path.slice(change.matched.replace(/\/+$/, '').length)
  return withSlash(change.path.replace(/\/+$/, '') + rest) + tail
}

function locationOf(filter: Extract<Filter, { kind: 'redirect' }>, target: Target): string {
  const scheme = filter.scheme ?? 'http'
  const [name = '', askedPort] = splitOnce(target.host, ':')
  const host = filter.hostname ?? name
  // A new scheme without a port means the port that is usual for it.
  const port = filter.port ?? (filter.scheme === undefined ? Number(askedPort ?? 80) : undefined)
  const usual = scheme === 'https' ? 443 : 80
  const authority = port === undefined || port === usual ? host : `${host}:${port}`
  const path = filter.path === undefined ? target.path : changePath(target.path, filter.path)
  return `${scheme}://${authority}${path}`
}

function withSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

function splitOnce(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
