/** What a client wants to read: plain objects, a table for people, or metadata alone; as JSON or YAML. */
import { notAcceptable } from './status.ts'

export type Wanted = {
  readonly as: 'object' | 'table' | 'metadata'
  /** Version of meta.k8s.io for tables and metadata. */
  readonly version: string
  readonly yaml: boolean
}

const plainObject: Wanted = { as: 'object', version: 'v1', yaml: false }
const offered = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
]

/** The first thing in an Accept header that can be served. Throws a 406 when there is none. */
export function wantedOf(accept: string | undefined): Wanted {
  if (accept === undefined || accept === '' || accept === 'application/json') return plainObject
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((word) => word.trim())
    const facts = new Map(parameters.map((text) => text.split('=', 2) as [string, string]))
    const yaml = type === 'application/yaml'
    if (!yaml && !['application/json', 'application/*', '*/*'].includes(type)) continue
    const as = facts.get('as')
    if (as === undefined) return { ...plainObject, yaml }
    const known =
      as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList'
    if (!known || facts.get('g') !== 'meta.k8s.io') continue
    const version = facts.get('v') ?? 'v1'
    if (version !== 'v1' && version !== 'v1beta1') continue
    return { as: as === 'Table' ? 'table' : 'metadata', version, yaml }
  }
  throw notAcceptable(offered)
}
