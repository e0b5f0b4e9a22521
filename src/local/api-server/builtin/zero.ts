/** What a Go encoder writes for a field that nobody set, so that a normalised object reads as a real server's does. */
import type { Value } from '#core/schema/json.ts'
import type { Schema } from '#core/schema/schema.ts'

export type Kept = {
  readonly name: string
  readonly schema: Schema
  /** Undefined for a struct, whose own fields say what it is. */
  readonly value: Value | undefined
}

const plans = new WeakMap<Schema, readonly Kept[]>()

/** The fields of a struct that are written even when they are zero. */
export function keptFields(schema: Schema): readonly Kept[] {
  const known = plans.get(schema)
  if (known !== undefined) return known
  const plan: Kept[] = []
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (isKept(field)) plan.push({ name, schema: field, value: keptValue(field) })
  }
  plans.set(schema, plan)
  return plan
}

function isKept(field: Schema): boolean {
  const zero = field['x-zero']
  if (zero === undefined) return false
  // Go never leaves a struct out, whatever its tag says.
  return zero !== 'drop' || isStruct(field) || field['x-kubernetes-int-or-string'] === true
}

function keptValue(field: Schema): Value | undefined {
  if (field['x-zero'] === 'null') return null
  if (isStruct(field)) return undefined
  return field['x-kubernetes-int-or-string'] === true ? 0 : zeroOf(field)
}

export function isStruct(schema: Schema): boolean {
  return schema.properties !== undefined
}

function zeroOf(field: Schema): Value {
  switch (field.type) {
    case 'string':
      return field.format === 'quantity' ? '0' : ''
    case 'integer':
    case 'number':
      return 0
    case 'boolean':
      return false
    default:
      return null
  }
}

/** Whether a field's value is Go's zero value and the field is left out then. */
export function isDropped(field: Schema, value: Value): boolean {
  if (field['x-zero'] !== 'drop') return false
  if (value === '' || value === 0 || value === false) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && value !== null && !isStruct(field) && isEmpty(value)
}

/** An empty list or map is nothing once it was stored: the binary form has no word for it. */
export function isLost(field: Schema, value: Value): boolean {
  if (zeroOf(field) !== null || field['x-zero'] === 'drop' || isWhole(field)) return false
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && value !== null && !isStruct(field) && isEmpty(value)
}

/** A value that is kept as the text it came in, or a struct that has no fields, or none yet. */
function isWhole(field: Schema): boolean {
  if (field['x-kubernetes-preserve-unknown-fields'] === true) return true
  const isNamed = field['x-name'] !== undefined && field.type === 'object'
  return isNamed && field.additionalProperties === undefined
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false
  return true
}
