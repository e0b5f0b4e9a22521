/** Whether a value is what a structural schema allows, in the words of a kube-apiserver. Expressions are looked at elsewhere. */

import { hasFormat } from './formats.ts'
import { equal, isObject, type Obj, type Value } from './json.ts'
import { listProblems, oldItem } from './lists.ts'
import { type Problem, problem, quoted } from './problem.ts'
import { fieldSchema, type Schema } from './schema.ts'

/**
 * All problems of an object. With `old`, what an update left as it was is not complained about, even if the schema
 * has become stricter since.
 */
export function validateSchema(schema: Schema, object: Obj, old?: Obj): Problem[] {
  const problems = validateAny(schema, object, old, '')
  // Lists that are sets and maps are looked at when everything else was.
  const isDouble = ({ reason }: Problem): boolean => reason === 'FieldValueDuplicate'
  return [...problems.filter((one) => !isDouble(one)), ...problems.filter(isDouble)]
}

function validateAny(
  schema: Schema,
  value: Value,
  old: Value | undefined,
  path: string,
): Problem[] {
  if (old !== undefined && path !== '' && equal(value, old)) return []
  const wrong = typeProblem(schema, value, path)
  if (wrong !== undefined) return [wrong]
  if (value === null) return []
  return [
    ...ownProblems(schema, value, path),
    ...combinationProblems(schema, value, path),
    ...childProblems(schema, value, old, path),
  ]
}

const shown = (path: string): string => (path === '' ? '<nil>' : path)
const named = (path: string, rule: string): string => `${path} in body ${rule}`

function typeOf(value: Value): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function typeProblem(schema: Schema, value: Value, path: string): Problem | undefined {
  const given = typeOf(value)
  const intOrString = schema['x-kubernetes-int-or-string'] === true
  const { type } = schema
  if (type === undefined && !intOrString) return undefined
  if (given === 'null' && schema.nullable === true) return undefined
  const fits = intOrString
    ? given === 'integer' || given === 'string'
    : given === type || (type === 'number' && given === 'integer')
  if (fits) return undefined
  const wanted = intOrString ? 'integer,string' : (type as string)
  const rule = `must be of type ${wanted}: ${quoted(given)}`
  return problem.wrongType(shown(path), given, named(path, rule))
}

function ownProblems(schema: Schema, value: Value, path: string): Problem[] {
  const problems: Problem[] = []
  const refuse = (rule: string, bad: Value = value): void => {
    problems.push(problem.invalid(shown(path), bad, named(path, rule)))
  }
  if (typeof value === 'string') stringProblems(schema, value, path, problems, refuse)
  if (typeof value === 'number') {
    problems.push(...stepProblems(schema, value, path))
    numberProblems(schema, value, refuse)
  }
  if (Array.isArray(value)) arrayProblems(schema, value, path, problems, refuse)
  if (isObject(value)) objectProblems(schema, value, path, problems, refuse)
  if (schema.enum !== undefined && !schema.enum.some((one) => equal(one, value))) {
    const allowed = schema.enum.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
    problems.push(problem.unsupported(shown(path), value, allowed))
  }
  return problems
}

type Refuse = (rule: string, bad?: Value) => void

function stringProblems(
  schema: Schema,
  value: string,
  path: string,
  problems: Problem[],
  refuse: Refuse,
): void {
  const length = Array.from(value).length
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    problems.push(problem.tooLong(shown(path), schema.maxLength))
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    refuse(`should be at least ${schema.minLength} chars long`)
  }
  if (schema.pattern !== undefined && !patternOf(schema.pattern).test(value)) {
    refuse(`should match '${schema.pattern}'`)
  }
  if (schema.format !== undefined && !hasFormat(schema.format, value)) {
    const rule = `must be of type ${schema.format}: ${quoted(value)}`
    problems.push(problem.wrongType(shown(path), value, named(path, rule)))
  }
}

function numberProblems(schema: Schema, value: number, refuse: Refuse): void {
  const { minimum, maximum } = schema
  if (maximum !== undefined) {
    if (schema.exclusiveMaximum === true) {
      if (value >= maximum) refuse(`should be less than ${maximum}`)
    } else if (value > maximum) refuse(`should be less than or equal to ${maximum}`)
  }
  if (minimum !== undefined) {
    if (schema.exclusiveMinimum === true) {
      if (value <= minimum) refuse(`should be greater than ${minimum}`)
    } else if (value < minimum) refuse(`should be greater than or equal to ${minimum}`)
  }
}

function stepProblems({ multipleOf }: Schema, value: number, path: string): Problem[] {
  if (multipleOf === undefined) return []
  // Among whole numbers a server reckons with the whole part of the step alone.
  if (Number.isInteger(value) && Math.trunc(multipleOf) <= 0) {
    const step = Math.trunc(multipleOf)
    const rule = `factor MultipleOf declared for ${path} must be positive: ${step}`
    return [problem.invalid(shown(path), step, rule)]
  }
  if (isMultiple(value, multipleOf)) return []
  const rule = `should be a multiple of ${multipleOf}`
  return [problem.invalid(shown(path), value, named(path, rule))]
}

function isMultiple(value: number, factor: number): boolean {
  const times = value / factor
  return Math.abs(times - Math.round(times)) < 1e-9
}

function arrayProblems(
  schema: Schema,
  value: readonly Value[],
  path: string,
  problems: Problem[],
  refuse: Refuse,
): void {
  const { minItems, maxItems } = schema
  if (minItems !== undefined && value.length < minItems) {
    refuse(`should have at least ${minItems} items`, value.length)
  }
  if (maxItems !== undefined && value.length > maxItems) {
    problems.push(problem.tooMany(shown(path), value.length, maxItems))
  }
  if (schema.uniqueItems === true && hasDoubles(value)) refuse("shouldn't contain duplicates", '')
  problems.push(...listProblems(schema, value, path))
}

function hasDoubles(value: readonly Value[]): boolean {
  return value.some((item, index) => value.slice(0, index).some((other) => equal(item, other)))
}

function objectProblems(
  schema: Schema,
  value: Obj,
  path: string,
  problems: Problem[],
  refuse: Refuse,
): void {
  const size = Object.keys(value).length
  if (schema.minProperties !== undefined && size < schema.minProperties) {
    refuse(`should have at least ${schema.minProperties} properties`, size)
  }
  if (schema.maxProperties !== undefined && size > schema.maxProperties) {
    problems.push(problem.tooMany(shown(path), size, schema.maxProperties))
  }
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(value, name)) continue
    problems.push(problem.required(path === '' ? name : `${path}.${name}`))
  }
  if (schema['x-kubernetes-embedded-resource'] !== true) return
  for (const name of ['apiVersion', 'kind']) {
    if ((value[name] ?? '') === '') problems.push(problem.required(`${path}.${name}`))
  }
}

function childProblems(
  schema: Schema,
  value: Value,
  old: Value | undefined,
  path: string,
): Problem[] {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return []
    return value.flatMap((item, index) =>
      validateAny(items, item, oldItem(schema, item, old), `${path}[${index}]`),
    )
  }
  if (!isObject(value)) return []
  const before = isObject(old) ? old : {}
  return Object.entries(value).flatMap(([key, item]) => {
    const field = fieldSchema(schema, key)
    if (field === undefined) return []
    const here = path === '' ? key : `${path}.${key}`
    return validateAny(field, item, Object.hasOwn(before, key) ? before[key] : undefined, here)
  })
}

function combinationProblems(schema: Schema, value: Value, path: string): Problem[] {
  const problems: Problem[] = []
  const valid = (one: Schema): boolean => validateAny(one, value, undefined, path).length === 0
  const refuse = (rule: string): void => {
    problems.push(problem.invalid('<nil>', '', `${quoted(path)} ${rule}`))
  }
  const { allOf, anyOf, oneOf, not } = schema
  if (anyOf !== undefined && !anyOf.some(valid)) {
    refuse('must validate at least one schema (anyOf)')
    problems.push(...validateAny(anyOf[0] ?? {}, value, undefined, path))
  }
  if (oneOf !== undefined) {
    const found = oneOf.filter(valid).length
    if (found === 0) {
      refuse('must validate one and only one schema (oneOf). Found none valid')
      problems.push(...validateAny(oneOf[0] ?? {}, value, undefined, path))
    } else if (found > 1) {
      refuse(`must validate one and only one schema (oneOf). Found ${found} valid alternatives`)
    }
  }
  if (allOf !== undefined) {
    const inner = allOf.flatMap((one) => validateAny(one, value, undefined, path))
    const none = allOf.every((one) => !valid(one))
    if (inner.length > 0)
      refuse(`must validate all the schemas (allOf)${none ? '. None validated' : ''}`)
    problems.push(...inner)
  }
  if (not !== undefined && valid(not)) refuse('must not validate the schema (not)')
  return problems
}

const patterns = new Map<string, RegExp>()

/** Go's syntax for the patterns that occur; one that JavaScript does not know matches everything. */
function patternOf(text: string): RegExp {
  let pattern = patterns.get(text)
  if (pattern === undefined) {
    pattern = compile(text)
    if (patterns.size > 2000) patterns.clear()
    patterns.set(text, pattern)
  }
  return pattern
}

function compile(text: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(text)
  const body = flags === null ? text : text.slice(flags[0].length)
  const source = body.replaceAll('\\z', '$').replaceAll('\\A', '^').replaceAll('(?P<', '(?<')
  for (const mode of ['u', '']) {
    try {
      return new RegExp(source, `${flags?.[1] ?? ''}${mode}`)
    } catch {
      // Older patterns escape what the strict mode does not let escape.
    }
  }
  return /^/
}
