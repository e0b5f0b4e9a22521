/** Values inside a definition's schema that have to fit it: defaults, and the keys of lists that are maps. */
import { asArray, asObject, type Obj, type Value } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import type { Schema } from '#core/schema/schema.ts'
import { validateSchema } from '#core/schema/validate.ts'

export function schemaValueProblems(schema: Obj, field: string): Problem[] {
  const items = asObject(schema.items)
  const rest = asObject(schema.additionalProperties)
  return [
    ...defaultProblems(schema, `${field}.default`),
    ...keyProblems(schema, items, `${field}.x-kubernetes-list-map-keys`),
    ...Object.entries(asObject(schema.properties) ?? {}).flatMap(([name, value]) =>
      schemaValueProblems(asObject(value) ?? {}, `${field}.properties[${name}]`),
    ),
    ...(items === undefined ? [] : schemaValueProblems(items, `${field}.items`)),
    ...(rest === undefined ? [] : schemaValueProblems(rest, `${field}.additionalProperties`)),
  ]
}

/** A default is looked at as if it were all there is, so that its problems name places below it. */
function defaultProblems(schema: Obj, field: string): Problem[] {
  const value: Value | undefined = schema.default
  if (value === undefined || value === null) return []
  return validateSchema(schema as Schema, value as Obj).map((one) => ({
    ...one,
    field: one.field === '<nil>' ? field : `${field}.${one.field}`,
  }))
}

function keyProblems(schema: Obj, items: Obj | undefined, field: string): Problem[] {
  if (schema['x-kubernetes-list-type'] !== 'map') return []
  const keys = asArray(schema['x-kubernetes-list-map-keys'])
  const known = asObject(items?.properties) ?? {}
  if (keys.every((key) => Object.hasOwn(known, String(key)))) return []
  return [problem.invalid(field, keys, 'entries must all be names of item properties')]
}
