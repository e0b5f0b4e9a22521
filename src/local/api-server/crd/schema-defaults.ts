/** Defaults in a schema have to be values that the schema itself takes. */
import { asObject, clone, equal, isObject, type Obj, type Value } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { prune } from '#core/schema/prune.ts'
import type { Schema } from '#core/schema/schema.ts'
import { validateSchema } from '#core/schema/validate.ts'
import { findingsAt } from './rules.ts'
import { propertiesOf } from './structural.ts'

export function defaultProblems(schema: Obj, field: string): Problem[] {
  return defaultsBelow(schema, field, { resource: true, inMeta: false })
}

type Place = { readonly resource: boolean; readonly inMeta: boolean }

function defaultsBelow(schema: Obj, field: string, { resource, inMeta }: Place): Problem[] {
  const items = asObject(schema.items)
  const embedded = resource || schema['x-kubernetes-embedded-resource'] === true
  const given = schema.default
  const ofMeta = (name: string): boolean =>
    inMeta || (embedded && ['metadata', 'apiVersion', 'kind'].includes(name))
  return [
    ...(given === undefined || given === null || inMeta
      ? []
      : problemsOf(schema as Schema, given, `${field}.default`, embedded)),
    ...(items === undefined
      ? []
      : defaultsBelow(items, `${field}.items`, { resource: false, inMeta })),
    ...propertiesOf(schema).flatMap(([name, property]) =>
      defaultsBelow(property, `${field}.properties[${name}]`, {
        resource: false,
        inMeta: ofMeta(name),
      }),
    ),
  ]
}

function problemsOf(schema: Schema, value: Value, field: string, resource: boolean): Problem[] {
  const holder: Schema = { type: 'object', properties: { value: schema } }
  const pruned = prune(holder, { value: clone(value) })
  const unknown = equal(pruned.value, value)
    ? []
    : [problem.invalid(field, value, 'must not have unknown fields')]
  const broken = validateSchema(holder, { value }).map((one) => moved(one, field))
  if (broken.length > 0) return [...unknown, ...broken]
  return [...unknown, ...ruleProblems(schema, value, field, resource)]
}

/** From the place below the holder to where the default stands; in its text a server names only the place within. */
function moved({ field, message, reason }: Problem, to: string): Problem {
  const below = field.replace(/^value/, '')
  return { field: `${to}${below}`, reason, message: message.replace(/(: )value\b\.?/, '$1') }
}

/** As a value that stays, and as one that is new: some rules look at what was. */
function ruleProblems(schema: Schema, value: Value, path: string, resource: boolean): Problem[] {
  const isResource = resource && isObject(value)
  const kept = findingsAt(schema, value, { path, resource: isResource, old: value })
  const problems = [...kept.problems]
  if (problems.length > 0) return problems
  return [...findingsAt(schema, value, { path, resource: isResource, old: undefined }).problems]
}
