/**
 * The validation rules of custom kinds (`x-kubernetes-validations`), evaluated with @bufbuild/cel, which nothing else
 * here imports. Numbers become integers or doubles by their schema; what a rule cannot be evaluated for is a problem of
 * the object, never an exception.
 */
import { createRequire } from 'node:module'
import type { CelFunc, CelInput, CelResult, CelValue } from '@bufbuild/cel'
import { equal, isObject, type Obj, type Value } from '#core/schema/json.ts'
import { oldItem } from '#core/schema/lists.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { fieldSchema, type Rule, type Schema } from '#core/schema/schema.ts'

type Cel = typeof import('@bufbuild/cel')
type Extensions = typeof import('@bufbuild/cel/ext')
type Library = { readonly cel: Cel; readonly funcs: CelFunc[] }
type Program = (bindings: Record<string, CelInput>) => CelResult

/** Problems of an object under all rules of its schema. Transition rules are asked only where there is an old value. */
export function ruleProblems(schema: Schema, object: Obj, old: Obj | undefined): Problem[] {
  return hasRules(schema) ? walk(schema, object, old, '', true) : []
}

/** Why a rule cannot be read as an expression, or undefined when it can. */
export function ruleFault(rule: string): string | undefined {
  const program = compile(rule)
  return typeof program === 'string' ? program : undefined
}

let loaded: Library | undefined

/** Loaded on the first rule: it takes a tenth of a second and is seldom needed. */
function library(): Library {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url)
    const cel = require('@bufbuild/cel') as Cel
    const { strings } = require('@bufbuild/cel/ext') as Extensions
    loaded = { cel, funcs: [...strings, ...listFunctions(cel)] }
  }
  return loaded
}

const ruled = new WeakMap<Schema, boolean>()

function hasRules(schema: Schema): boolean {
  let known = ruled.get(schema)
  if (known === undefined) {
    const rest = schema.additionalProperties
    const inner = [
      ...Object.values(schema.properties ?? {}),
      ...(typeof rest === 'object' ? [rest] : []),
      ...(schema.items === undefined ? [] : [schema.items]),
    ]
    known = (schema['x-kubernetes-validations']?.length ?? 0) > 0 || inner.some(hasRules)
    ruled.set(schema, known)
  }
  return known
}

function walk(
  schema: Schema,
  value: Value,
  old: Value | undefined,
  path: string,
  root: boolean,
): Problem[] {
  if (value === null || !hasRules(schema)) return []
  const problems = ownRules(schema, value, old, path, root)
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return problems
    value.forEach((item, index) => {
      problems.push(...walk(items, item, oldItem(schema, item, old), `${path}[${index}]`, false))
    })
  } else if (isObject(value)) {
    const before = isObject(old) ? old : {}
    for (const [key, item] of Object.entries(value)) {
      const field = fieldSchema(schema, key)
      if (field === undefined) continue
      const named = schema.properties !== undefined && Object.hasOwn(schema.properties, key)
      const here = !named ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
      const was = Object.hasOwn(before, key) ? before[key] : undefined
      problems.push(...walk(field, item, was, here, false))
    }
  }
  return problems
}

function ownRules(
  schema: Schema,
  value: Value,
  old: Value | undefined,
  path: string,
  root: boolean,
): Problem[] {
  const rules = schema['x-kubernetes-validations']
  if (rules === undefined || rules.length === 0) return []
  const self = celValue(schema, value, root)
  const before = old === undefined || old === null ? undefined : celValue(schema, old, root)
  const unchanged = old !== undefined && equal(value, old)
  return rules.flatMap((rule) => {
    const transition = /\boldSelf\b/.test(rule.rule)
    if (transition && before === undefined) return []
    const bindings = before === undefined ? { self } : { self, oldSelf: before }
    const found = ruleProblem(schema, rule, bindings, path)
    // What an update did not touch is not held against it.
    return found === undefined || (unchanged && !transition) ? [] : [found]
  })
}

function ruleProblem(
  schema: Schema,
  rule: Rule,
  bindings: Record<string, CelInput>,
  path: string,
): Problem | undefined {
  const type = schema.type ?? 'object'
  const shown = path === '' ? '<nil>' : path
  const program = compile(rule.rule)
  if (typeof program === 'string') {
    return problem.invalid(shown, type, `rule compile error: ${program}`)
  }
  const result = evaluate(program, bindings)
  if (result === true) return undefined
  if (library().cel.isCelError(result)) {
    return problem.invalid(shown, type, `${result.message} evaluating rule: ${ruleText(rule)}`)
  }
  return worded(rule, type, fieldOf(shown, path, rule), messageOf(rule, bindings))
}

function evaluate(program: Program, bindings: Record<string, CelInput>): CelResult {
  try {
    return program(bindings)
  } catch (error) {
    return library().cel.celError(error)
  }
}

function ruleText(rule: Rule): string {
  return rule.message ?? rule.rule.trim()
}

/** The message, from its own expression when there is one that yields a text. */
function messageOf(rule: Rule, bindings: Record<string, CelInput>): string {
  const fallback =
    (rule.message ?? '') === '' ? `failed rule: ${rule.rule.trim()}` : (rule.message as string)
  if ((rule.messageExpression ?? '') === '') return fallback
  const program = compile(rule.messageExpression as string)
  if (typeof program === 'string') return fallback
  const text = evaluate(program, bindings)
  return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') ? text : fallback
}

function fieldOf(shown: string, path: string, { fieldPath }: Rule): string {
  if ((fieldPath ?? '') === '') return shown
  const rest = (fieldPath as string).replace(/^\./, '').replace(/\['([^']*)'\]/g, '[$1]')
  return path === '' ? rest : `${path}.${rest}`
}

function worded(rule: Rule, type: string, field: string, message: string): Problem {
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return problem.forbidden(field, message)
    case 'FieldValueRequired':
      return problem.required(field, message)
    case 'FieldValueDuplicate':
      return problem.duplicate(field, type)
    default:
      return problem.invalid(field, type, message)
  }
}

const programs = new Map<string, Program | string>()

/** The expression ready to run, or why it cannot be read. */
function compile(source: string): Program | string {
  let program = programs.get(source)
  if (program === undefined) {
    if (programs.size > 5000) programs.clear()
    program = compileAnew(source)
    programs.set(source, program)
  }
  return program
}

function compileAnew(source: string): Program | string {
  const { cel, funcs } = library()
  try {
    const planned = cel.plan(cel.celEnv({ funcs }), cel.parse(source))
    return (bindings) => planned(bindings)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const timeFormats = new Set(['date-time', 'datetime', 'date'])

/** A value as rules see it: integers as such, times and durations as such, fields under names an expression can spell. */
function celValue(schema: Schema | undefined, value: Value, resource: boolean): CelInput {
  if (Array.isArray(value)) return value.map((item) => celValue(schema?.items, item, false))
  if (isObject(value)) return celObject(schema, value, resource)
  if (typeof value === 'number') {
    return schema?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value)
  }
  if (typeof value === 'string' && schema?.format !== undefined)
    return celText(schema.format, value)
  return value
}

function celText(format: string, value: string): CelInput {
  if (timeFormats.has(format)) {
    return converted('timestamp', format === 'date' ? `${value}T00:00:00Z` : value)
  }
  if (format === 'duration') return converted('duration', value)
  if (format === 'byte') return new Uint8Array(Buffer.from(value, 'base64'))
  return value
}

function converted(name: string, text: string): CelInput {
  const program = compile(`${name}(self)`)
  if (typeof program === 'string') return text
  const result = evaluate(program, { self: text })
  return library().cel.isCelError(result) ? text : (result as CelValue as CelInput)
}

const metaFields = new Set(['name', 'generateName'])

function celObject(schema: Schema | undefined, value: Obj, resource: boolean): CelInput {
  const result = new Map<string, CelInput>()
  const embedded = resource || schema?.['x-kubernetes-embedded-resource'] === true
  for (const [key, item] of Object.entries(value)) {
    const field = fieldSchema(schema, key)
    if (embedded && key === 'metadata' && isObject(item)) {
      const known = Object.entries(item).filter(([name]) => metaFields.has(name))
      result.set(key, new Map(known.map(([name, text]) => [name, String(text)])))
    } else if (schema?.properties !== undefined) {
      if (field !== undefined || embedded) result.set(escaped(key), celValue(field, item, false))
    } else result.set(key, celValue(field, item, false))
  }
  return result
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** A property's name as an expression spells it. */
function escaped(name: string): string {
  if (reserved.has(name)) return `__${name}__`
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}

/** Kubernetes' own functions on lists and texts, as far as they are offered. */
function listFunctions({ celMethod, listType, CelScalar }: Cel): CelFunc[] {
  const list = listType(CelScalar.DYN)
  const less = (a: CelValue, b: CelValue): boolean => (a as number) < (b as number)
  const same = (a: CelValue, b: CelValue): boolean => a === b
  return [
    celMethod('isSorted', list, [], CelScalar.BOOL, function () {
      const items = [...this]
      return items.every((item, index) => index === 0 || !less(item, items[index - 1] as CelValue))
    }),
    celMethod('sum', list, [], CelScalar.DYN, function () {
      const items = [...this]
      if (items.every((item) => typeof item === 'bigint')) {
        return (items as bigint[]).reduce((total, item) => total + item, 0n)
      }
      return (items as number[]).reduce((total, item) => total + item, 0)
    }),
    celMethod('min', list, [], CelScalar.DYN, function () {
      return [...this].reduce((a, b) => (less(b, a) ? b : a)) as CelInput
    }),
    celMethod('max', list, [], CelScalar.DYN, function () {
      return [...this].reduce((a, b) => (less(a, b) ? b : a)) as CelInput
    }),
    celMethod('indexOf', list, [CelScalar.DYN], CelScalar.INT, function (wanted) {
      return BigInt([...this].findIndex((item) => same(item, wanted)))
    }),
    celMethod('lastIndexOf', list, [CelScalar.DYN], CelScalar.INT, function (wanted) {
      return BigInt([...this].findLastIndex((item) => same(item, wanted)))
    }),
  ]
}
