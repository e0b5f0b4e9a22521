/** Takes out of a value what its structural schema does not know. Pure: the result is a copy. */
import { isObject, type Obj, put, type Value } from './json.ts'
import type { Schema } from './schema.ts'

const rootFields = new Set(['apiVersion', 'kind', 'metadata'])

/** A copy without unknown fields; their paths go to `unknown`, as `spec.foo` or `spec.list[0].foo`. */
export function prune(schema: Schema, value: Obj, unknown?: string[]): Obj {
  return pruneObject(schema, value, '', true, unknown)
}

function pruneAny(schema: Schema, value: Value, path: string, unknown?: string[]): Value {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return value
    return value.map((item, index) => pruneAny(items, item, `${path}[${index}]`, unknown))
  }
  if (!isObject(value)) return value
  return pruneObject(
    schema,
    value,
    path,
    schema['x-kubernetes-embedded-resource'] === true,
    unknown,
  )
}

function pruneObject(
  schema: Schema,
  value: Obj,
  path: string,
  isResource: boolean,
  unknown?: string[],
): Obj {
  const result: Obj = {}
  const rest = schema.additionalProperties
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true
  for (const key of Object.keys(value)) {
    const item = value[key] as Value
    const here = path === '' ? key : `${path}.${key}`
    const properties = schema.properties
    const declared =
      properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined
    if (isResource && rootFields.has(key)) put(result, key, item)
    else if (declared !== undefined) put(result, key, pruneAny(declared, item, here, unknown))
    else if (typeof rest === 'object') put(result, key, pruneAny(rest, item, here, unknown))
    else if (keeps || rest === true) put(result, key, item)
    else unknown?.push(here)
  }
  return result
}
