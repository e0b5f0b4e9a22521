/** The schemas of the built-in kinds, read once and linked: a reference becomes the very schema it names. */
import { join } from 'node:path'
import type { Schema } from '#core/schema/schema.ts'
import { readData } from '../../data-file.ts'

type Raw = { [key: string]: unknown }

const folder = join(import.meta.dirname, '..', 'data')
let linked: ReadonlyMap<string, Schema> | undefined

/** All definitions by their OpenAPI name. Some refer to themselves: never walk one without a value in hand. */
export function builtinSchemas(): ReadonlyMap<string, Schema> {
  linked ??= link(readRawSchemas())
  return linked
}

/** Texts by definition and property; the definition's own under ''. Read anew each time: it is large and seldom asked. */
export function readDescriptions(): Record<string, Record<string, string>> {
  return readData(join(folder, 'descriptions.json')) as Record<string, Record<string, string>>
}

/** The definitions as they stand on disk, references by name; for the OpenAPI documents. */
export function readRawSchemas(): Record<string, Record<string, unknown>> {
  return readData(join(folder, 'schemas.json')) as Record<string, Record<string, unknown>>
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
/** Definitions that OpenAPI describes loosely and the server treats by rules of their own. */
const special: Record<string, Raw> = {
  [`${meta}.FieldsV1`]: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    'x-kubernetes-map-type': 'atomic',
  },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': {
    'x-kubernetes-preserve-unknown-fields': true,
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { 'x-kubernetes-int-or-string': true },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string', format: 'quantity' },
  [`${meta}.MicroTime`]: { type: 'string', format: 'micro-time' },
  [`${meta}.Time`]: { type: 'string', format: 'date-time' },
}

function link(raw: Record<string, Raw>): ReadonlyMap<string, Schema> {
  const result = new Map<string, Raw>()
  for (const [name, schema] of Object.entries(raw)) {
    result.set(name, Object.assign(special[name] ?? schema, { 'x-name': name }))
  }
  for (const schema of result.values()) linkChildren(schema, result)
  nameTypes(result)
  return result as unknown as ReadonlyMap<string, Schema>
}

/** Fields whose Go type has a name of its own are told it, and so are the items of lists and maps of such. */
function nameTypes(all: ReadonlyMap<string, Raw>): void {
  const types = readData(join(folder, 'go-types.json')) as GoTypes
  for (const [definition, fields] of Object.entries(types)) {
    const properties = all.get(definition)?.properties as Record<string, Raw> | undefined
    for (const [name, type] of Object.entries(fields)) nameType(properties?.[name], type)
  }
}

type GoTypes = Readonly<Record<string, Readonly<Record<string, string>>>>

function nameType(schema: Raw | undefined, type: string): void {
  // A definition is shared with other fields, and says itself what it is.
  if (schema === undefined || schema['x-name'] !== undefined) return
  schema['x-go'] = type
  const inner = /^(?:\[\]|map\[string\])(.+)$/.exec(type)?.[1]
  if (inner !== undefined) nameType((schema.items ?? schema.additionalProperties) as Raw, inner)
}

function linkChildren(schema: Raw, all: ReadonlyMap<string, Raw>): void {
  const properties = schema.properties as Record<string, Raw> | undefined
  for (const [name, property] of Object.entries(properties ?? {})) {
    ;(properties as Record<string, Raw>)[name] = follow(property, all)
  }
  for (const key of ['items', 'additionalProperties']) {
    if (typeof schema[key] === 'object') schema[key] = follow(schema[key] as Raw, all)
  }
}

/** The definition a property refers to, with what the property says of itself laid over it. */
function follow(property: Raw, all: ReadonlyMap<string, Raw>): Raw {
  if (typeof property.$ref !== 'string') {
    linkChildren(property, all)
    return property
  }
  const target = all.get(property.$ref)
  if (target === undefined) throw new Error(`no definition ${property.$ref}`)
  const { $ref: _, ...own } = property
  if (Object.keys(own).length === 0) return target
  // Fields are read through to the definition, which may not be linked yet.
  return Object.assign(Object.create(target) as Raw, own)
}
