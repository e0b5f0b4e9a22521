/**
 * The definitions of the version 2 document in the binary form that kubectl asks for. It looks up kinds there that it
 * finds nowhere else, so that an object whose definition is missing is refused with a sentence that says so. The paths
 * are left out: nobody reads them from this form, version 3 has them.
 */
import { asArray, asObject, asString, isObject, type Obj, type Value } from '#core/schema/json.ts'

/** Field numbers of gnostic's OpenAPIv2.proto. */
const documentFields = { swagger: 1, info: 2, paths: 8, definitions: 9 }
const schemaFields = {
  $ref: 1,
  format: 2,
  title: 3,
  description: 4,
  required: 19,
  additionalProperties: 21,
  type: 22,
  items: 23,
  allOf: 24,
  properties: 25,
  vendor: 31,
}

/** @param document With `swagger`, `info` and `definitions`. */
export function binaryDocument({ swagger, info, definitions }: Obj): Uint8Array {
  const { title, version } = asObject(info) ?? {}
  return Buffer.concat([
    text(documentFields.swagger, asString(swagger)),
    message(documentFields.info, text(1, asString(title)), text(2, asString(version))),
    message(documentFields.paths),
    message(documentFields.definitions, ...named(asObject(definitions) ?? {})),
  ])
}

/** Entries of a map from names to schemas. */
function named(schemas: Obj): Buffer[] {
  return Object.entries(schemas).map(([name, schema]) =>
    message(1, text(1, name), message(2, ...schemaParts(schema))),
  )
}

function schemaParts(schema: Value): Buffer[] {
  if (!isObject(schema)) return []
  const { additionalProperties: more, items, properties, type } = schema
  const parts = (['$ref', 'format', 'title', 'description'] as const).map((name) =>
    text(schemaFields[name], asString(schema[name])),
  )
  for (const name of asArray(schema.required)) parts.push(text(schemaFields.required, String(name)))
  if (isObject(more)) {
    parts.push(message(schemaFields.additionalProperties, message(1, ...schemaParts(more))))
  } else if (more === true) {
    parts.push(message(schemaFields.additionalProperties, Buffer.from([0x10, 1])))
  }
  if (typeof type === 'string') parts.push(message(schemaFields.type, text(1, type)))
  if (isObject(items)) parts.push(message(schemaFields.items, message(1, ...schemaParts(items))))
  for (const one of asArray(schema.allOf)) {
    parts.push(message(schemaFields.allOf, ...schemaParts(one)))
  }
  if (isObject(properties)) parts.push(message(schemaFields.properties, ...named(properties)))
  return [...parts, ...vendorParts(schema)]
}

/** What begins with `x-` goes along as YAML, of which JSON is a part. */
function vendorParts(schema: Obj): Buffer[] {
  return Object.entries(schema)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) =>
      message(schemaFields.vendor, text(1, name), message(2, text(2, JSON.stringify(value)))),
    )
}

function text(field: number, value: string | undefined): Buffer {
  return value === undefined ? Buffer.alloc(0) : message(field, Buffer.from(value))
}

/** A field that has a length: a text or a message of its own. */
function message(field: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return Buffer.from([...bytes, rest])
}
