/** Whether an object of a custom kind is what its definition allows. */
import type { Obj } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { validateSchema } from '#core/schema/validate.ts'
import { ruleProblems } from '../cel.ts'
import type { Resource, Stored } from '../resource.ts'

/** Problems that keep the rules from being asked: they may not even have the values they speak of. */
const blocking = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

const notAsked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'

export function customProblems(
  { schema }: Resource,
  object: Stored,
  old: Stored | undefined,
): Problem[] {
  if (schema === undefined) return []
  const problems = validateSchema(schema, plain(object), old === undefined ? undefined : plain(old))
  if (problems.some(({ reason }) => blocking.has(reason))) {
    return [...problems, problem.invalid('<nil>', 'null', notAsked)]
  }
  return [...problems, ...ruleProblems(schema, object, old)]
}

/** A definition's schema says nothing of metadata that counts; that is checked for all kinds alike. */
function plain(object: Stored): Obj {
  const { metadata: _, ...rest } = object
  return { metadata: {}, ...rest }
}
