/** What every part of the server works on: the objects, the kinds, and the outside world as ports. */
import type { Ports } from '#kube/ports.ts'
import type { Authentication } from './auth/authenticate.ts'
import type { Registry } from './registry.ts'
import type { Resource } from './resource.ts'
import type { Store } from './store.ts'
import type { Views } from './views.ts'
import type { CallWebhook } from './webhook/post.ts'

export type User = {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export type Machine = {
  readonly ports: Ports
  readonly store: Store
  readonly registry: Registry
  /** Objects to look at. */
  readonly views: Views
  /** The way to admission and conversion webhooks. */
  readonly callWebhook: CallWebhook
  /** Whose credentials are whose. */
  readonly auth: Authentication
  /** Whether it is written down who wrote which field. */
  readonly tracksOwners: boolean
  /** Answers of the server beside the store, changed by those who own them. */
  readonly hooks: Hooks
}

/** Called after a write took place; a definition that changed changes what is served. */
type Hooks = {
  readonly written: ((resource: Resource, key: string) => void)[]
}

export type RequestContext = {
  readonly user: User
  /** The body as it came, for those who pass it on; whoever has none passes the text on. */
  readonly bytes?: Uint8Array
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal
}

/** One request with its path and query understood. */
export type Call = {
  readonly machine: Machine
  readonly context: RequestContext
  readonly method: string
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
  readonly subresource: string
  /** What follows `proxy/` in the path. */
  readonly rest: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Sentences for the answer's Warning headers. */
  readonly warnings: string[]
}

export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`
}
