/** Conditions of a schema speak only of what the schema itself describes. */
import { asObject, type Obj, objectsOf } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'

/** Where something is described, and where it is spoken of. */
type Places = { readonly described: string; readonly spoken: string }

export function completenessProblems(schema: Obj, field: string): Problem[] {
  return ofConditions(schema, schema, { described: field, spoken: field })
}

function ofConditions(holder: Obj, schema: Obj, { described, spoken }: Places): Problem[] {
  const each = (name: string): Problem[] =>
    objectsOf(holder[name]).flatMap((one, index) =>
      ofNested(one, schema, { described, spoken: `${spoken}.${name}[${index}]` }),
    )
  const not = asObject(holder.not)
  return [
    ...(not === undefined ? [] : ofNested(not, schema, { described, spoken: `${spoken}.not` })),
    ...each('allOf'),
    ...each('anyOf'),
    ...each('oneOf'),
  ]
}

function ofNested(holder: Obj, schema: Obj | undefined, places: Places): Problem[] {
  const { described, spoken } = places
  if (schema === undefined) {
    return [problem.required(described, `because it is defined in ${spoken}`)]
  }
  const items = asObject(holder.items)
  const within = (end: string): Places => ({
    described: `${described}${end}`,
    spoken: `${spoken}${end}`,
  })
  const properties = Object.entries(asObject(holder.properties) ?? {})
  return [
    ...ofConditions(holder, schema, places),
    ...(items === undefined ? [] : ofNested(items, asObject(schema.items), within('.items'))),
    ...properties.flatMap(([name, property]) =>
      ofNested(
        asObject(property) ?? {},
        asObject(asObject(schema.properties)?.[name]),
        within(`.properties[${name}]`),
      ),
    ),
  ]
}
