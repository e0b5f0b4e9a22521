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
  const problems: Problem[] = []
  validateAny(schema, object, old, '', problems)
  if (problems.length === 0) return problems
  // Lists that are sets and maps are looked at when everything else was.
  const isDouble = ({ reason }: Problem): boolean => reason === 'FieldValueDuplicate'
  return [...problems.filter((one) => !isDouble(one)), ...problems.filter(isDouble)]
}

/** Puts what is wrong `into` a list that all share: hardly ever is anything, and every pass of the engine comes here. */
function validateAny(
  schema: Schema,
  value: Value,
  old: Value | undefined,
  path: string,
  into: Problem[],
): void {
  if (old !== undefined && path !== '' && equal(value, old)) return
  const wrong = typeProblem(schema, value, path)
  if (wrong !== undefined) into.push(wrong)
  if (wrong !== undefined || value === null) return
  checkItself(schema, value, path, into)
  checkCombinations(schema, value, path, into)
  checkChildren(schema, value, old, path, into)
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

function checkItself(schema: Schema, value: Value, path: string, into: Problem[]): void {
  const refuse: Refuse = (rule, bad = value) => {
    into.push(problem.invalid(shown(path), bad, named(path, rule)))
  }
  if (typeof value === 'string') checkString(schema, value, path, into, refuse)
  else if (typeof value === 'number') {
    checkStep(schema, value, path, into)
    checkNumber(schema, value, refuse)
  } else if (Array.isArray(value)) checkArray(schema, value, path, into, refuse)
  else if (isObject(value)) checkObject(schema, value, path, into, refuse)
  if (schema.enum !== undefined && !schema.enum.some((one) => equal(one, value))) {
    const allowed = schema.enum.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
    into.push(problem.unsupported(shown(path), value, allowed))
  }
}

type Refuse = (rule: string, bad?: Value) => void

function checkString(
  { minLength, maxLength, pattern, format }: Schema,
  value: string,
  path: string,
  into: Problem[],
  refuse: Refuse,
): void {
  if (maxLength !== undefined && lengthOf(value) > maxLength) {
    into.push(problem.tooLong(shown(path), maxLength))
  }
  if (minLength !== undefined && lengthOf(value) < minLength) {
    refuse(`should be at least ${minLength} chars long`)
  }
  if (pattern !== undefined && !patternOf(pattern).test(value)) {
    refuse(`should match '${pattern}'`)
  }
  if (format !== undefined && !hasFormat(format, value)) {
    const rule = `must be of type ${format}: ${quoted(value)}`
    into.push(problem.wrongType(shown(path), value, named(path, rule)))
  }
}

/** In characters, as a server counts them. */
function lengthOf(text: string): number {
  return Array.from(text).length
}

function checkNumber(schema: Schema, value: number, refuse: Refuse): void {
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

function checkStep({ multipleOf }: Schema, value: number, path: string, into: Problem[]): void {
  if (multipleOf === undefined) return
  // Among whole numbers a server reckons with the whole part of the step alone.
  if (Number.isInteger(value) && Math.trunc(multipleOf) <= 0) {
    const step = Math.trunc(multipleOf)
    const rule = `factor MultipleOf declared for ${path} must be positive: ${step}`
    into.push(problem.invalid(shown(path), step, rule))
  } else if (!isMultiple(value, multipleOf)) {
    const rule = `should be a multiple of ${multipleOf}`
    into.push(problem.invalid(shown(path), value, named(path, rule)))
  }
}

function isMultiple(value: number, factor: number): boolean {
  const times = value / factor
  return Math.abs(times - Math.round(times)) < 1e-9
}

function checkArray(
  schema: Schema,
  value: readonly Value[],
  path: string,
  into: Problem[],
  refuse: Refuse,
): void {
  const { minItems, maxItems } = schema
  if (minItems !== undefined && value.length < minItems) {
    refuse(`should have at least ${minItems} items`, value.length)
  }
  if (maxItems !== undefined && value.length > maxItems) {
    into.push(problem.tooMany(shown(path), value.length, maxItems))
  }
  if (schema.uniqueItems === true && hasDoubles(value)) refuse("shouldn't contain duplicates", '')
  into.push(...listProblems(schema, value, path))
}

function hasDoubles(value: readonly Value[]): boolean {
  return value.some((item, index) => value.slice(0, index).some((other) => equal(item, other)))
}

function checkObject(
  schema: Schema,
  value: Obj,
  path: string,
  into: Problem[],
  refuse: Refuse,
): void {
  const { minProperties, maxProperties, required = [] } = schema
  const size = Object.keys(value).length
  if (minProperties !== undefined && size < minProperties) {
    refuse(`should have at least ${minProperties} properties`, size)
  }
  if (maxProperties !== undefined && size > maxProperties) {
    into.push(problem.tooMany(shown(path), size, maxProperties))
  }
  for (const name of required) {
    if (Object.hasOwn(value, name)) continue
    into.push(problem.required(path === '' ? name : `${path}.${name}`))
  }
  if (schema['x-kubernetes-embedded-resource'] !== true) return
  for (const name of ['apiVersion', 'kind']) {
    if ((value[name] ?? '') === '') into.push(problem.required(`${path}.${name}`))
  }
}

function checkChildren(
  schema: Schema,
  value: Value,
  old: Value | undefined,
  path: string,
  into: Problem[],
): void {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return
    value.forEach((item, index) =>
      validateAny(items, item, oldItem(schema, item, old), `${path}[${index}]`, into),
    )
    return
  }
  if (!isObject(value)) return
  const before = isObject(old) ? old : {}
  for (const [key, item] of Object.entries(value)) {
    const field = fieldSchema(schema, key)
    if (field === undefined) continue
    const here = path === '' ? key : `${path}.${key}`
    validateAny(field, item, Object.hasOwn(before, key) ? before[key] : undefined, here, into)
  }
}

function checkCombinations(schema: Schema, value: Value, path: string, into: Problem[]): void {
  const { allOf, anyOf, oneOf, not } = schema
  const problemsBy = (one: Schema): Problem[] => {
    const problems: Problem[] = []
    validateAny(one, value, undefined, path, problems)
    return problems
  }
  const valid = (one: Schema): boolean => problemsBy(one).length === 0
  const refuse = (rule: string): void => {
    into.push(problem.invalid('<nil>', '', `${quoted(path)} ${rule}`))
  }
  if (anyOf !== undefined && !anyOf.some(valid)) {
    refuse('must validate at least one schema (anyOf)')
    into.push(...problemsBy(anyOf[0] ?? {}))
  }
  if (oneOf !== undefined) {
    const found = oneOf.filter(valid).length
    if (found === 0) {
      refuse('must validate one and only one schema (oneOf). Found none valid')
      into.push(...problemsBy(oneOf[0] ?? {}))
    } else if (found > 1) {
      refuse(`must validate one and only one schema (oneOf). Found ${found} valid alternatives`)
    }
  }
  if (allOf !== undefined) {
    const inner = allOf.flatMap(problemsBy)
    const none = allOf.every((one) => !valid(one))
    if (inner.length > 0)
      refuse(`must validate all the schemas (allOf)${none ? '. None validated' : ''}`)
    into.push(...inner)
  }
  if (not !== undefined && valid(not)) refuse('must not validate the schema (not)')
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
