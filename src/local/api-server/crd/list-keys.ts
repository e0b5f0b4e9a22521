/** Whether lists that are maps have keys that their items know. */
import { asArray, asObject, type Obj } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'

export function listKeyProblems(schema: Obj, field: string): Problem[] {
  const items = asObject(schema.items)
  const rest = asObject(schema.additionalProperties)
  return [
    ...keyProblems(schema, items, `${field}.x-kubernetes-list-map-keys`),
    ...Object.entries(asObject(schema.properties) ?? {}).flatMap(([name, value]) =>
      listKeyProblems(asObject(value) ?? {}, `${field}.properties[${name}]`),
    ),
    ...(items === undefined ? [] : listKeyProblems(items, `${field}.items`)),
    ...(rest === undefined ? [] : listKeyProblems(rest, `${field}.additionalProperties`)),
  ]
}

function keyProblems(schema: Obj, items: Obj | undefined, field: string): Problem[] {
  if (schema['x-kubernetes-list-type'] !== 'map') return []
  const keys = asArray(schema['x-kubernetes-list-map-keys'])
  const known = asObject(items?.properties) ?? {}
  if (keys.every((key) => Object.hasOwn(known, String(key)))) return []
  return [problem.invalid(field, keys, 'entries must all be names of item properties')]
}
