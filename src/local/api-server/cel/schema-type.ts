/** The type an expression sees where a schema describes a value, and how large such a value may be. */
import type { Schema } from '#core/schema/schema.ts'
import { bool, dyn, int, listOf, mapOf, type Type, text } from './types.ts'

/** A type with what is known of sizes; the numbers are bytes of JSON, and items or characters. */
export type DeclaredType = {
  readonly type: Type
  /** The least that a value takes in a request. */
  readonly minSize: number
  /** The most items, entries or characters; 0 where there is nothing to count. */
  readonly maxElements: number
  readonly item?: DeclaredType
  readonly fields?: ReadonlyMap<string, DeclaredType>
}

export const requestMax = 3 * 1024 * 1024

/** Undefined where expressions cannot look: the schema says too little. `name` is what an object's type is called. */
export function declaredType(
  schema: Schema,
  resource: boolean,
  name = 'object',
): DeclaredType | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) {
    const maxElements =
      schema.maxLength === undefined ? requestMax - 2 : positive(schema.maxLength) * 4
    return { type: dyn, minSize: 1, maxElements }
  }
  const whole = resource ? withMetadata(schema) : schema
  switch (whole.type) {
    case 'array':
      return arrayType(whole, name)
    case 'object':
      return objectType(whole, name)
    case 'string':
      return textType(whole)
    case 'boolean':
      return { type: bool, minSize: 4, maxElements: 0 }
    case 'number':
      return { type: { kind: 'double' }, minSize: 1, maxElements: 0 }
    case 'integer':
      return { type: int, minSize: 1, maxElements: 0 }
    default:
      return undefined
  }
}

const named: Schema = { type: 'string' }
const metadata: Schema = { type: 'object', properties: { name: named, generateName: named } }

const resources = new WeakMap<Schema, Schema>()

/** What every resource has, whether its schema says so or not. */
export function withMetadata(schema: Schema): Schema {
  let known = resources.get(schema)
  if (known === undefined) {
    const properties = { ...schema.properties, kind: named, apiVersion: named, metadata }
    known = { ...schema, type: 'object', properties }
    resources.set(schema, known)
  }
  return known
}

function positive(value: number): number {
  return Math.max(0, value)
}

function isResource(schema: Schema): boolean {
  return schema['x-kubernetes-embedded-resource'] === true
}

function arrayType(schema: Schema, name: string): DeclaredType | undefined {
  const { items, maxItems } = schema
  if (items === undefined) return undefined
  const item = declaredType(items, isResource(items), `${name}.@idx`)
  if (item === undefined) return undefined
  const most = Math.floor((requestMax - 2) / (item.minSize + 1))
  const maxElements = maxItems === undefined ? most : positive(maxItems)
  return { type: listOf(item.type), minSize: 2, maxElements, item }
}

function objectType(schema: Schema, name: string): DeclaredType | undefined {
  const rest = schema.additionalProperties
  if (typeof rest === 'object') {
    const item = declaredType(rest, isResource(rest), `${name}.@elem`)
    if (item === undefined) return undefined
    const most = Math.floor((requestMax - 2) / (item.minSize + 6))
    const maxElements = schema.maxProperties === undefined ? most : positive(schema.maxProperties)
    return { type: mapOf(text, item.type), minSize: 2, maxElements, item }
  }
  const fields = new Map<string, DeclaredType>()
  let minSize = 2
  for (const [field, property] of Object.entries(schema.properties ?? {})) {
    const spelt = escaped(field)
    const declared = declaredType(property, isResource(property), `${name}.${spelt ?? field}`)
    if (declared === undefined) continue
    if (spelt !== undefined) fields.set(spelt, declared)
    const needed = schema.required?.includes(field) === true && property.default === undefined
    if (needed) minSize += field.length + declared.minSize + 4
  }
  const types = new Map([...fields].map(([field, { type }]) => [field, type] as const))
  return { type: { kind: 'object', name, fields: types }, minSize, maxElements: 0, fields }
}

function textType(schema: Schema): DeclaredType {
  const { maxLength } = schema
  switch (schema.format) {
    case 'byte': {
      const maxElements = maxLength === undefined ? requestMax - 2 : positive(maxLength)
      return { type: { kind: 'bytes' }, minSize: 2, maxElements }
    }
    case 'duration':
      return { type: { kind: 'duration' }, minSize: 3, maxElements: 32 }
    case 'date':
      return { type: { kind: 'timestamp' }, minSize: 12, maxElements: 12 }
    case 'date-time':
      return { type: { kind: 'timestamp' }, minSize: 21, maxElements: 32 }
    default:
      return { type: text, minSize: 2, maxElements: charactersOf(schema) }
  }
}

function charactersOf({ maxLength, enum: allowed }: Schema): number {
  if (maxLength !== undefined) return positive(maxLength) * 4
  if (allowed === undefined || allowed.length === 0) return requestMax - 2
  return Math.max(0, ...allowed.map((one) => (typeof one === 'string' ? one.length : 0)))
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

const plain = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A property's name as an expression spells it, or undefined for one that it cannot spell. */
export function escaped(name: string): string | undefined {
  if (plain.test(name) && !name.includes('__') && !reserved.has(name)) return name
  if (reserved.has(name)) return `__${name}__`
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}

/** The property a spelling stands for. */
export function unescaped(name: string): string {
  if (!name.includes('__')) return name
  return name.replace(/__([^_]+)__/g, (whole, inner: string) => {
    switch (inner) {
      case 'underscores':
        return '__'
      case 'dot':
        return '.'
      case 'dash':
        return '-'
      case 'slash':
        return '/'
      default:
        return reserved.has(inner) ? inner : whole
    }
  })
}
