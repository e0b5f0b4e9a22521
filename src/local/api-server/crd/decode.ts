/** Objects of custom kinds on the way in: metadata is typed like everyone's, the rest by the definition's schema. */
import { applyDefaults } from '#core/schema/defaults.ts'
import { isObject, type Obj } from '#core/schema/json.ts'
import { prune } from '#core/schema/prune.ts'
import { DecodeError, normalise } from '../builtin/normalise.ts'
import { builtinSchemas } from '../builtin/schemas.ts'
import type { Resource, Stored } from '../resource.ts'

/** Pruned and defaulted. Throws DecodeError when the metadata cannot be read. */
export function decodeCustom(resource: Resource, raw: Obj, complaints?: string[]): Stored {
  const meta = builtinSchemas().get('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')
  const metadata = raw.metadata ?? {}
  if (!isObject(metadata)) throw new DecodeError('metadata must be an object')
  const { schema } = resource
  const unknown: string[] = []
  const pruned = schema === undefined ? { ...raw } : prune(schema, raw, unknown)
  complaints?.push(...unknown.map((path) => `unknown field ${JSON.stringify(path)}`))
  const inMeta: string[] = []
  pruned.metadata = normalise(meta ?? {}, metadata, inMeta)
  complaints?.push(
    ...inMeta.map((text) => text.replace('unknown field "', 'unknown field "metadata.')),
  )
  if (schema !== undefined) applyDefaults(schema, pruned)
  return pruned as Stored
}
