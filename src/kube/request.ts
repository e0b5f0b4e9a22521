/** What is wanted, as plain HTTP requests. Pure: no connection, no credentials, no time. */
import { apiVersionOf, type Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { DeleteOptions, ObjectName, PatchType, Selectors, WriteOptions } from './cluster.ts'
import { KubeError } from './errors.ts'
import type { HttpRequest } from './http.ts'

export type ListRequest = Selectors & {
  readonly namespace?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'NotOlderThan' | 'Exact'
}

export type WatchRequest = Selectors & {
  readonly namespace?: string
  /** Where to go on from; left out for a watch that brings its own initial list. */
  readonly resourceVersion?: string
  readonly timeoutSeconds: number
  readonly sendInitialEvents?: boolean
}

const patchContentTypes: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // JSON is YAML, so the body is the same JSON as everywhere.
  apply: 'application/apply-patch+yaml',
}

const readHeaders = { accept: 'application/json' }
const writeHeaders = { accept: 'application/json', 'content-type': 'application/json' }

/** `/apis/apps/v1/namespaces/shop/deployments`; without a namespace all of them. */
export function collectionPath(kind: Kind, namespace?: string): string {
  const base = `/${kind.group === '' ? 'api' : 'apis'}/${apiVersionOf(kind)}`
  if (!kind.namespaced || namespace === undefined) return `${base}/${kind.plural}`
  return `${base}/namespaces/${segment(namespace, `the namespace of a ${kind.kind}`)}/${kind.plural}`
}

/**
 * The path of one object, or of a part of it such as `status`.
 * @throws KubeError (BadRequest) for a name or namespace that is missing or cannot stand in a path.
 */
export function objectPath(kind: Kind, at: ObjectName, subresource?: string): string {
  const collection = ownCollection(kind, at.namespace)
  const name = segment(at.name, `the name of a ${kind.kind}`)
  return `${collection}/${name}${subresource === undefined ? '' : `/${subresource}`}`
}

export function getRequest(kind: Kind, at: ObjectName): HttpRequest {
  return { method: 'GET', path: objectPath(kind, at), headers: readHeaders }
}

export function listRequest(kind: Kind, list: ListRequest): HttpRequest {
  const path = withQuery(collectionPath(kind, list.namespace), {
    labelSelector: list.labelSelector,
    fieldSelector: list.fieldSelector,
    limit: list.limit,
    continue: list.continue,
    // A token already says at which version to go on; saying it twice is refused.
    resourceVersion: list.continue === undefined ? list.resourceVersion || undefined : undefined,
    resourceVersionMatch: list.continue === undefined ? list.resourceVersionMatch : undefined,
  })
  return { method: 'GET', path, headers: readHeaders }
}

export function watchRequest(kind: Kind, watch: WatchRequest): HttpRequest {
  const path = withQuery(collectionPath(kind, watch.namespace), {
    watch: true,
    allowWatchBookmarks: true,
    timeoutSeconds: watch.timeoutSeconds,
    labelSelector: watch.labelSelector,
    fieldSelector: watch.fieldSelector,
    resourceVersion: watch.resourceVersion,
    sendInitialEvents: watch.sendInitialEvents,
    resourceVersionMatch: watch.sendInitialEvents === true ? 'NotOlderThan' : undefined,
  })
  return { method: 'GET', path, headers: readHeaders }
}

export function createRequest(kind: Kind, object: KubeObject, options: WriteOptions): HttpRequest {
  const { name, namespace } = object.metadata
  const path =
    options.subresource === undefined
      ? ownCollection(kind, namespace)
      : objectPath(kind, nameOf(object), options.subresource)
  const body = JSON.stringify(object)
  // generateName objects have no name yet; anything else must be able to stand in a path later.
  if (name !== undefined && name !== '') segment(name, `the name of a ${kind.kind}`)
  return { method: 'POST', path: withQuery(path, written(options)), headers: writeHeaders, body }
}

export function replaceRequest(kind: Kind, object: KubeObject, options: WriteOptions): HttpRequest {
  const path = objectPath(kind, nameOf(object), options.subresource)
  const body = JSON.stringify(object)
  return { method: 'PUT', path: withQuery(path, written(options)), headers: writeHeaders, body }
}

export function patchRequest(
  kind: Kind,
  at: ObjectName,
  patch: { readonly type: PatchType; readonly body: unknown },
  options: WriteOptions,
): HttpRequest {
  const path = objectPath(kind, at, options.subresource)
  const query = {
    ...written(options),
    // Only apply knows ownership; elsewhere the server refuses the parameter.
    force: patch.type === 'apply' ? options.force : undefined,
  }
  return {
    method: 'PATCH',
    path: withQuery(path, query),
    headers: { accept: 'application/json', 'content-type': patchContentTypes[patch.type] },
    body: JSON.stringify(patch.body),
  }
}

export function removeRequest(kind: Kind, at: ObjectName, options: DeleteOptions): HttpRequest {
  const { uid, resourceVersion, propagation, gracePeriodSeconds } = options
  const preconditions = present({ uid, resourceVersion })
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...present({
      preconditions: Object.keys(preconditions).length === 0 ? undefined : preconditions,
      propagationPolicy: propagation,
      gracePeriodSeconds,
    }),
  }
  return {
    method: 'DELETE',
    path: objectPath(kind, at),
    headers: writeHeaders,
    body: JSON.stringify(body),
  }
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>

function withQuery(path: string, query: Query): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}

function written({ fieldManager, dryRun }: WriteOptions): Query {
  return { fieldManager, dryRun: dryRun === true ? 'All' : undefined }
}

function nameOf({ metadata }: KubeObject): ObjectName {
  const { name, namespace } = metadata
  return namespace === undefined ? { name } : { namespace, name }
}

function ownCollection(kind: Kind, namespace: string | undefined): string {
  if (kind.namespaced && namespace === undefined) {
    throw unusable(`a ${kind.kind} lives in a namespace, and none is given`)
  }
  return collectionPath(kind, namespace)
}

function segment(text: string, what: string): string {
  if (typeof text !== 'string' || text === '' || text === '.' || text === '..') {
    throw unusable(`${what} is ${JSON.stringify(text)}, which cannot stand in a path`)
  }
  return encodeURIComponent(text)
}

function unusable(message: string): KubeError {
  return new KubeError({ reason: 'BadRequest', code: 400, message })
}

function present(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
}
