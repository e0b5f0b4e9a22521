/** Values of an applied configuration that its schema does not allow, in the words of whoever merges fields. */
import { isObject, type Value } from '#core/schema/json.ts'
import { fieldSchema, type Schema } from '#core/schema/schema.ts'

/** `.spec.replicas: expected numeric (int or float), got string` for each. */
export function mistypedFields(schema: Schema, value: Value, path = ''): string[] {
  if (value === null || schema['x-kubernetes-preserve-unknown-fields'] === true) return []
  const fault = faultOf(schema, value)
  if (fault !== undefined) return [`${path}: ${fault}`]
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return []
    return value.flatMap((item, index) => mistypedFields(items, item, `${path}[${index}]`))
  }
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const field = fieldSchema(schema, key)
    return field === undefined ? [] : mistypedFields(field, item, `${path}.${key}`)
  })
}

function faultOf(schema: Schema, value: Value): string | undefined {
  const isScalar = typeof value !== 'object'
  if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'quantity') {
    return isScalar ? undefined : `expected any scalar, got &{${goText(value)}}`
  }
  switch (schema.type) {
    case 'integer':
    case 'number':
      if (typeof value === 'number') return undefined
      return `expected numeric (int or float), got ${goTypeOf(value)}`
    case 'string':
      if (typeof value === 'string') return undefined
      return `expected string, got &value.valueUnstructured{Value:${goText(value)}}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goText(value)}}`
    case 'array':
      return Array.isArray(value) ? undefined : `expected list, got &{${goText(value)}}`
    case 'object':
      return isObject(value) ? undefined : `expected map, got &{${goText(value)}}`
    default:
      return undefined
  }
}

function goTypeOf(value: Value): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isObject(value)) return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

function goText(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (!isObject(value)) return value === null ? '<nil>' : String(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, item]) => `${key}:${goText(item)}`).join(' ')}]`
}
