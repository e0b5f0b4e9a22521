/** Where people are: the part of the address behind `#`, so that a link leads to a release and the back button works. */
import { signal } from '@preact/signals'
import type { ReleaseId } from '../../wire.ts'
import { type Filter, noFilter, readGroup, readSort } from './filter.ts'

export type Place =
  | { readonly kind: 'list'; readonly filter: Filter }
  | { readonly kind: 'release'; readonly id: ReleaseId }

/** Whatever cannot be read is the list: an old link is no dead end. */
export function readPlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?')
  const [, first, ...rest] = path.split('/')
  const [door, namespace, name] = rest.map(decoded)
  if (first === 'release' && door && namespace && name)
    return { kind: 'release', id: { door, namespace, name } }
  return { kind: 'list', filter: readFilter(new URLSearchParams(query)) }
}

export function hashOf(place: Place): string {
  if (place.kind === 'release') {
    const { door, namespace, name } = place.id
    return `#/release/${[door, namespace, name].map(encodeURIComponent).join('/')}`
  }
  const query = queryOf(place.filter).toString()
  return query === '' ? '#/' : `#/?${query}`
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

function readFilter(query: URLSearchParams): Filter {
  return {
    text: query.get('q') ?? '',
    namespace: query.get('namespace') ?? '',
    door: query.get('door') ?? '',
    group: readGroup(query.get('show')),
    sort: readSort(query.get('sort')),
  }
}

function queryOf({ text, namespace, door, group, sort }: Filter): URLSearchParams {
  const all = { q: text, namespace, door, show: group ?? '', sort: sort === 'name' ? '' : sort }
  return new URLSearchParams(Object.entries(all).filter(([, value]) => value !== ''))
}

export const place = signal<Place>({ kind: 'list', filter: noFilter })

/** The list as it was left last, for the way back from a release. */
export const lastList = signal<Filter>(noFilter)

/** Follows the address from now on. */
export function followAddress(): void {
  const read = (): void => {
    place.value = readPlace(location.hash)
    if (place.value.kind === 'list') lastList.value = place.value.filter
  }
  addEventListener('hashchange', read)
  read()
}

export function go(to: Place): void {
  location.hash = hashOf(to)
}

/** Another filter is the same place: going back does not lead through each letter of a search. */
export function refine(change: Partial<Filter>): void {
  const filter = { ...lastList.value, ...change }
  history.replaceState(null, '', hashOf({ kind: 'list', filter }))
  lastList.value = filter
  place.value = { kind: 'list', filter }
}
