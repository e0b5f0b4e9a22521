/** Fills the defaults of a structural schema into a value. */
import { clone, isObject, type Value } from './json.ts'
import type { Schema } from './schema.ts'

/** Changes the value: absent fields with a default get it; nulls where null is not allowed get it too, or go. */
export function applyDefaults(schema: Schema, value: Value): void {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return
    value.forEach((item, index) => {
      if (item === null && items.nullable !== true && items.default !== undefined) {
        value[index] = clone(items.default)
      }
      applyDefaults(items, value[index] as Value)
    })
    return
  }
  if (!isObject(value)) return
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined
    const wanted = given === undefined || (given === null && field.nullable !== true)
    if (wanted && field.default !== undefined) value[name] = clone(field.default)
    else if (wanted && given === null) delete value[name]
    if (value[name] !== undefined) applyDefaults(field, value[name])
  }
  const rest = schema.additionalProperties
  if (typeof rest !== 'object') return
  for (const key of Object.keys(value)) {
    if (schema.properties?.[key] !== undefined) continue
    if (value[key] === null && rest.nullable !== true) {
      if (rest.default === undefined) {
        delete value[key]
        continue
      }
      value[key] = clone(rest.default)
    }
    applyDefaults(rest, value[key] as Value)
  }
}
