/** Fields of an applied configuration that its schema does not know. */
import { isObject, type Value } from '#core/schema/json.ts'
import { fieldSchema, type Schema } from '#core/schema/schema.ts'

/** `.spec.foo` for each. Custom kinds know apiVersion, kind and metadata without saying so. */
export function undeclaredFields(schema: Schema, value: Value, path = ''): string[] {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return []
    return value.flatMap((item, index) => undeclaredFields(items, item, `${path}[${index}]`))
  }
  if (!isObject(value) || schema['x-kubernetes-preserve-unknown-fields'] === true) return []
  if (schema.properties === undefined && schema.additionalProperties === undefined) return []
  const resource = path === '' || schema['x-kubernetes-embedded-resource'] === true
  return Object.entries(value).flatMap(([key, item]) => {
    const field = fieldSchema(schema, key)
    if (field !== undefined) return undeclaredFields(field, item, `${path}.${key}`)
    if (resource && ['apiVersion', 'kind', 'metadata'].includes(key)) return []
    return schema.additionalProperties === true ? [] : [`${path}.${key}`]
  })
}
