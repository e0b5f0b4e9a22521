/** What a request is about, read from its path. */
import type { HttpRequest } from '#kube/http.ts'
import { type ShelfName, shelves } from './truth.ts'

export type About = {
  readonly method: string
  readonly shelf: ShelfName | undefined
  /** The name under which the store keeps the kind. */
  readonly storage: string
  readonly plural: string
  readonly name: string | undefined
  readonly subresource: string | undefined
  readonly query: string
  readonly isWatch: boolean
  readonly isWrite: boolean
  readonly isDryRun: boolean
}

export function aboutOf({ method, path }: HttpRequest): About {
  const mark = path.indexOf('?')
  const query = mark < 0 ? '' : path.slice(mark + 1)
  const parts = (mark < 0 ? path : path.slice(0, mark)).split('/').slice(1)
  const group = parts[0] === 'apis' ? (parts[1] ?? '') : ''
  const rest = parts.slice(parts[0] === 'apis' ? 3 : 2)
  const [plural = '', name, subresource] =
    rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest
  const stored = plural === 'events' ? 'events' : group === '' ? plural : `${group}/${plural}`
  return {
    method,
    shelf: shelves[stored],
    storage: stored,
    plural,
    name,
    subresource,
    query,
    isWatch: query.includes('watch=true'),
    isWrite: method !== 'GET',
    isDryRun: query.includes('dryRun=All'),
  }
}
