/**
 * Brings an object of a built-in kind into the shape a server would write back after reading it into its Go types:
 * unknown fields are gone (and named), empty optional fields are gone, fields that are always written are there.
 */
import { isObject, type Obj, put, type Value } from '#core/schema/json.ts'
import type { Schema } from '#core/schema/schema.ts'
import { canonicalQuantity, quantityError } from './quantity.ts'
import { canonicalTime, timeError } from './times.ts'
import { isDropped, isLost, isStruct, keptFields } from './zero.ts'

/** The value cannot be read into its type; the message is Go's. */
export class DecodeError extends Error {}

type Walk = {
  /** Where unknown fields are named; absent where nobody asks. */
  readonly unknown: string[] | undefined
  readonly lost: string[]
}

/** Of an object that was read: empty lists and maps that were said and will be nothing, by their paths; seldom any. */
export const lostLists = new WeakMap<Obj, readonly (readonly string[])[]>()

/**
 * The normalised copy. Parts that are the very same as in `known`, a normalised object, are taken over as they are.
 * Throws DecodeError when a value has the wrong type.
 */
export function normalise(schema: Schema, object: Obj, unknown?: string[], known?: Obj): Obj {
  const lost: string[] = []
  const made = struct(schema, object, '', '', { unknown, lost }, known)
  // Lists are owned as a whole wherever this can happen in one of their items.
  const paths = lost.filter((path) => !path.includes('['))
  if (paths.length > 0) {
    lostLists.set(
      made,
      paths.map((path) => path.split('.')),
    )
  }
  return made
}

function struct(
  schema: Schema,
  value: Obj,
  path: string,
  names: string,
  walk: Walk,
  known: Value | undefined = undefined,
): Obj {
  const before = isObject(known) ? known : undefined
  const properties = schema.properties ?? {}
  const result: Obj = {}
  for (const key of Object.keys(value)) {
    const given = value[key] as Value
    const field = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (field === undefined) {
      walk.unknown?.push(`unknown field ${JSON.stringify(join(path, key))}`)
      continue
    }
    if (given === null) continue
    const was = before?.[key]
    if (given === was) {
      result[key] = given
      continue
    }
    const named = join(names, key)
    const made = any(field, given, join(path, key), named, schema, walk, was)
    if (isDropped(field, made)) continue
    const lost = isLost(field, made)
    if (lost) walk.lost.push(join(path, key))
    result[key] = lost ? null : made
  }
  for (const kept of keptFields(schema)) {
    if (result[kept.name] !== undefined) continue
    result[kept.name] =
      kept.value === undefined ? struct(kept.schema, {}, '', '', walk) : kept.value
  }
  return result
}

function any(
  schema: Schema,
  value: Value,
  path: string,
  names: string,
  owner: Schema,
  walk: Walk,
  known: Value | undefined = undefined,
): Value {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return value
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value === 'string' || typeof value === 'number') return value
    throw wrong(value, names, owner, 'int32')
  }
  if (isStruct(schema)) {
    if (!isObject(value)) throw wrong(value, names, owner, goType(schema))
    return struct(schema, value, path, names, walk, known)
  }
  if (schema.type === 'array') {
    if (!Array.isArray(value)) throw wrong(value, names, owner, goType(schema))
    return list(schema, value, path, names, owner, walk, known)
  }
  if (schema.type === 'object') {
    if (!isObject(value)) throw wrong(value, names, owner, goType(schema))
    return map(schema, value, path, names, owner, walk)
  }
  return scalar(schema, value, names, owner)
}

function list(
  schema: Schema,
  value: Value[],
  path: string,
  names: string,
  owner: Schema,
  walk: Walk,
  known: Value | undefined,
): Value {
  const items = schema.items ?? {}
  const before = Array.isArray(known) ? known : []
  return value.map((item, index) => {
    if (item === null) return isStruct(items) ? struct(items, {}, '', '', walk) : ''
    const was = before[index]
    if (item === was) return item
    return any(items, item, `${path}[${index}]`, names, owner, walk, was)
  })
}

function map(
  schema: Schema,
  value: Obj,
  path: string,
  names: string,
  owner: Schema,
  walk: Walk,
): Value {
  const values = schema.additionalProperties
  if (typeof values !== 'object') return value
  const result: Obj = {}
  for (const key of Object.keys(value)) {
    const item = value[key] as Value
    const made =
      item === null ? zeroItem(values) : any(values, item, join(path, key), names, owner, walk)
    put(result, key, made)
  }
  return result
}

function zeroItem(schema: Schema): Value {
  if (schema.type === 'string') return ''
  if (isStruct(schema)) return {}
  return null
}

function scalar(schema: Schema, value: Value, names: string, owner: Schema): Value {
  switch (schema.type) {
    case 'string':
      return text(schema, value, names, owner)
    case 'integer':
      if (typeof value === 'number' && fits(value, schema.format)) return value
      throw wrong(value, names, owner, goType(schema))
    case 'number':
      if (typeof value === 'number') return value
      throw wrong(value, names, owner, 'float64')
    case 'boolean':
      if (typeof value === 'boolean') return value
      throw wrong(value, names, owner, 'bool')
    default:
      return value
  }
}

function fits(value: number, format: string | undefined): boolean {
  if (!Number.isInteger(value)) return false
  return format !== 'int32' || (value >= -(2 ** 31) && value < 2 ** 31)
}

function text(schema: Schema, value: Value, names: string, owner: Schema): Value {
  if (schema.format === 'quantity') {
    const canonical = canonicalQuantity(String(value))
    if (canonical === undefined || typeof value === 'object') throw new DecodeError(quantityError)
    return canonical
  }
  if (typeof value !== 'string') throw wrong(value, names, owner, goType(schema))
  const micro = schema.format === 'micro-time'
  if (micro || schema.format === 'date-time') {
    const canonical = canonicalTime(value, micro)
    if (canonical === undefined) throw new DecodeError(timeError(value, micro))
    return canonical
  }
  if (schema.format === 'byte') checkBase64(value)
  return value
}

function checkBase64(text: string): void {
  const clean = text.replace(/[\r\n]/g, '')
  if (clean.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(clean)) return
  const bad = clean.search(/[^A-Za-z0-9+/]/)
  throw new DecodeError(`illegal base64 data at input byte ${bad === -1 ? clean.length : bad}`)
}

function wrong(value: Value, names: string, owner: Schema, type: string): DecodeError {
  const given = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  const shown =
    typeof value === 'number' && /^u?int\d/.test(type) ? `number ${JSON.stringify(value)}` : given
  return new DecodeError(
    `json: cannot unmarshal ${shown} into Go struct field ${shortName(owner)}.${names} of type ${type}`,
  )
}

function shortName(schema: Schema): string {
  return (schema['x-name'] ?? 'Object').replace(/^.*\./, '')
}

function goType(schema: Schema): string {
  const named = schema['x-go']
  if (named !== undefined) return named
  if (schema.type === 'array') return `[]${goType(schema.items ?? {})}`
  const values = schema.additionalProperties
  if (typeof values === 'object') return `map[string]${goType(values)}`
  if (isStruct(schema)) {
    const [version = '', name = ''] = (schema['x-name'] ?? 'v1.Object').split('.').slice(-2)
    return `${version}.${name}`
  }
  if (schema.type === 'integer') return schema.format ?? 'int64'
  if (schema.type === 'boolean') return 'bool'
  return schema.type ?? 'object'
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
