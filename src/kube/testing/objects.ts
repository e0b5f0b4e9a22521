/** The boring parts of objects, lists and watch events, so that a test shows only what matters. */
import type { KubeObject, ObjectMeta } from '#core/k8s/meta.ts'

export type Sample = KubeObject & { readonly spec?: unknown }

/** A ConfigMap `default/NAME`; its uid is `uid-NAME` unless given. */
export function sample(
  name: string,
  resourceVersion: string | number,
  changes: Partial<ObjectMeta> & { readonly [key: string]: unknown } = {},
): Sample {
  const metadata = { namespace: 'default', name, uid: `uid-${name}`, ...changes }
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata, resourceVersion: String(resourceVersion) },
  }
}

export function listOf(
  resourceVersion: string | number,
  items: readonly KubeObject[],
  next?: string,
): object {
  const metadata = { resourceVersion: String(resourceVersion) }
  return {
    kind: 'ConfigMapList',
    apiVersion: 'v1',
    metadata: next === undefined ? metadata : { ...metadata, continue: next },
    items,
  }
}

export function event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): object {
  return { type, object }
}

export function bookmark(resourceVersion: string | number, endsList = false): object {
  const annotations = endsList ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
  const metadata = { resourceVersion: String(resourceVersion), ...annotations }
  return { type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata } }
}

export function statusOf(code: number, reason: string, message = reason, details?: object): object {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }
  return details === undefined ? status : { ...status, details }
}

export function errorEvent(code: number, reason: string, message?: string): object {
  return { type: 'ERROR', object: statusOf(code, reason, message) }
}
