/** What a request wants to do, in the words that authorization decides on. */
import { flag } from '../list-options.ts'
import { pathSegmentName } from '../names.ts'

export type Attributes =
  | {
      readonly kind: 'resource'
      readonly verb: string
      readonly group: string
      /** The plural, without subresource. */
      readonly resource: string
      readonly subresource: string
      /** '' for a request about the whole cluster. */
      readonly namespace: string
      readonly name: string
    }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string }

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/**
 * Reads a request's attributes from its method and path alone: a kind that is not served has them too. `path` comes
 * without the query.
 */
export function attributesOf(method: string, path: string, query: URLSearchParams): Attributes {
  const decoded = decode(path)
  const parts = decoded.replace(/^\/+|\/+$/g, '').split('/')
  const elsewhere: Attributes = { kind: 'path', verb: method.toLowerCase(), path: decoded }
  const grouped = parts[0] === 'apis'
  if (!grouped && parts[0] !== 'api') return elsewhere
  if (parts.length < (grouped ? 4 : 3)) return elsewhere
  const group = grouped ? (parts[1] as string) : ''
  const rest = parts.slice(grouped ? 3 : 2)
  const special = rest[0] === 'watch' || rest[0] === 'proxy'
  const verb = special ? (rest.shift() as string) : (verbs[method] ?? '')
  return settled({ verb, group, query, ...placeOf(rest, verb) })
}

type Place = {
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

/** `namespaces/NAMESPACE/PLURAL/NAME/SUBRESOURCE/…`, of which much may be missing. */
function placeOf(parts: readonly string[], verb: string): Place {
  const inNamespace = parts[0] === 'namespaces' && parts.length > 1
  const namespace = inNamespace ? (parts[1] as string) : ''
  const ofNamespace = parts.length < 3 || parts[2] === 'status' || parts[2] === 'finalize'
  const rest = inNamespace && !ofNamespace ? parts.slice(2) : parts
  const [resource = '', name = '', subresource = ''] = rest
  return { namespace, resource, name, subresource: verb === 'proxy' ? '' : subresource }
}

/** Without a name, a get is a list or a watch, and a delete concerns the whole collection. */
function settled({
  query,
  verb,
  ...rest
}: Place & { readonly verb: string; readonly group: string; readonly query: URLSearchParams }) {
  const common = { kind: 'resource' as const, ...rest }
  if (rest.name !== '') return { ...common, verb }
  if (verb === 'delete') return { ...common, verb: 'deletecollection' }
  if (verb !== 'get') return { ...common, verb }
  const name = selectedName(query.get('fieldSelector') ?? '')
  return { ...common, name, verb: flag(query.get('watch')) ? 'watch' : 'list' }
}

/** The one name that a field selector asks for, or ''. */
function selectedName(selector: string): string {
  for (const term of selector.split(',')) {
    const name = /^metadata\.name==?(.*)$/.exec(term.trim())?.[1]
    if (name !== undefined && pathSegmentName(name).length === 0) return name
  }
  return ''
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
