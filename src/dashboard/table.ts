/** The authorization table: every route of the dashboard, and what the cluster is asked before it is served. */
import type { RouteRow } from '#http/authorization.ts'

export type DashboardAccess =
  /** The page itself, and what says nothing of the cluster. */
  | { readonly kind: 'anybody' }
  /** Whoever is signed in; of releases, those whose kind they may `list` in their namespace. */
  | { readonly kind: 'list' }
  /** Whoever may do all of this to the release's object; `action` is the verb that the path names. */
  | { readonly kind: 'release'; readonly verbs: readonly ('get' | 'action')[] }

const anybody: DashboardAccess = { kind: 'anybody' }
const list: DashboardAccess = { kind: 'list' }
const one = '/api/v1/releases/:door/:namespace/:name'

export const table = [
  { id: 'page', method: 'GET', url: '/', access: anybody },
  { id: 'asset', method: 'GET', url: '/assets/:file', access: anybody },
  { id: 'me', method: 'GET', url: '/api/v1/me', access: anybody },
  { id: 'openapi', method: 'GET', url: '/api/v1/openapi.json', access: anybody },
  { id: 'exchange', method: 'POST', url: '/api/v1/oidc/token', access: anybody },
  { id: 'list', method: 'GET', url: '/api/v1/releases', access: list },
  { id: 'detail', method: 'GET', url: one, access: { kind: 'release', verbs: ['get'] } },
  {
    id: 'preview',
    method: 'GET',
    url: `${one}/actions/:verb`,
    access: { kind: 'release', verbs: ['get', 'action'] },
  },
  {
    id: 'act',
    method: 'POST',
    url: `${one}/actions/:verb`,
    access: { kind: 'release', verbs: ['get', 'action'] },
  },
  // The detail that it may bring along asks for `get` on that release besides.
  { id: 'stream', method: 'GET', url: '/api/v1/stream', access: list },
] as const satisfies readonly RouteRow<DashboardAccess>[]

export type RouteId = (typeof table)[number]['id']
