/** Objects of custom kinds on the way in: metadata is typed like everyone's, the rest by the definition's schema. */
import { applyDefaults } from '#core/schema/defaults.ts'
import { isObject, type Obj, put, type Value } from '#core/schema/json.ts'
import { prune } from '#core/schema/prune.ts'
import type { Schema } from '#core/schema/schema.ts'
import { DecodeError, normalise } from '../builtin/normalise.ts'
import { builtinSchemas } from '../builtin/schemas.ts'
import type { Resource, Stored } from '../resource.ts'

/**
 * Pruned and defaulted. Fields that are the very same as in `known`, an object of the kind, are taken over as they are.
 * Throws DecodeError when the metadata cannot be read.
 */
export function decodeCustom(
  { schema }: Resource,
  raw: Obj,
  complaints?: string[],
  known: Obj = {},
): Stored {
  const meta = builtinSchemas().get('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')
  const metadata = raw.metadata ?? {}
  if (!isObject(metadata)) throw new DecodeError('metadata must be an object')
  const unknown: string[] = []
  const shaped = schema === undefined ? { ...raw } : shapedBy(schema, raw, known, unknown)
  complaints?.push(...unknown.map((path) => `unknown field ${JSON.stringify(path)}`))
  const inMeta: string[] = []
  const before = isObject(known.metadata) ? known.metadata : undefined
  shaped.metadata = metadata === before ? metadata : normalise(meta ?? {}, metadata, inMeta, before)
  complaints?.push(
    ...inMeta.map((text) => text.replace('unknown field "', 'unknown field "metadata.')),
  )
  return shaped as Stored
}

function shapedBy(schema: Schema, raw: Obj, known: Obj, unknown: string[]): Obj {
  const isKept = (key: string): boolean =>
    typeof raw[key] === 'object' && raw[key] !== null && raw[key] === known[key]
  const fresh = Object.fromEntries(Object.entries(raw).filter(([key]) => !isKept(key)))
  const pruned = prune(schema, fresh, unknown)
  applyDefaults(schema, pruned)
  const result: Obj = {}
  for (const key of Object.keys(raw)) {
    if (isKept(key)) put(result, key, raw[key] as Value)
    else if (Object.hasOwn(pruned, key)) put(result, key, pruned[key] as Value)
  }
  for (const [key, value] of Object.entries(pruned)) {
    if (!Object.hasOwn(result, key)) put(result, key, value)
  }
  return result
}
