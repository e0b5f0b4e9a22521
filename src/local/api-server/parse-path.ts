/** The path of a request about objects, taken apart. */
import type { Registry } from './registry.ts'
import type { Resource } from './resource.ts'

export type ObjectPath = {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
  readonly subresource: string
  readonly rest: string
  /** The old way to ask for a watch: `/api/v1/watch/…`. */
  readonly watch: boolean
}

/** Undefined for a path that names no kind that is served. */
export function parsePath(registry: Registry, path: string): ObjectPath | undefined {
  const parts = path.slice(1).split('/').map(decode)
  const apiVersion = parts[0] === 'api' ? parts[1] : `${parts[1]}/${parts[2]}`
  if (parts[0] !== 'api' && parts[0] !== 'apis') return undefined
  let rest = parts.slice(parts[0] === 'api' ? 2 : 3)
  const watch = rest[0] === 'watch'
  if (watch) rest = rest.slice(1)
  const inNamespace =
    rest[0] === 'namespaces' &&
    rest.length > 2 &&
    !['status', 'finalize'].includes(rest[2] as string)
  const namespace = inNamespace ? (rest[1] as string) : ''
  const [plural = '', name = '', subresource = '', ...tail] = inNamespace ? rest.slice(2) : rest
  const resource = registry.find(apiVersion ?? '', plural)
  if (resource === undefined) return undefined
  if (inNamespace !== resource.namespaced && (inNamespace || name !== '')) return undefined
  return { resource, namespace, name, subresource, rest: tail.join('/'), watch }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
