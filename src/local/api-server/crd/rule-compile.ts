/** The rules of one place in a schema (`x-kubernetes-validations`), compiled once. */
import type { Rule, Schema } from '#core/schema/schema.ts'
import { maxCost } from '../cel/estimate.ts'
import { compile, instantiationFault, type Program } from '../cel/program.ts'
import { type DeclaredType, declaredType } from '../cel/schema-type.ts'
import { standardFunctions } from '../cel/signatures.ts'
import { optionalOf, type Type } from '../cel/types.ts'

/** A program with what it costs at most, or what is wrong with its text. */
export type CompiledText =
  | { readonly kind: 'program'; readonly program: Program; readonly maxCost: number }
  | { readonly kind: 'fault'; readonly fault: string }

export type CompiledRule = {
  readonly rule: Rule
  /** Absent for an empty rule. */
  readonly check?: CompiledText
  readonly message?: CompiledText
  /** Whether it looks at the old value. */
  readonly isTransition: boolean
  /** The place a failure is reported at, seen from here; empty for here. */
  readonly field: string
}

const compiled = new WeakMap<Schema, readonly CompiledRule[]>()

/**
 * The rules that `holder` has for values of `schema`; the two are one, unless the rules stand in an `allOf`. Empty when
 * expressions cannot see such values.
 */
export function compiledRules(
  holder: Schema,
  schema: Schema,
  resource: boolean,
): readonly CompiledRule[] {
  const rules = holder['x-kubernetes-validations'] ?? []
  if (rules.length === 0) return []
  const known = compiled.get(holder)
  if (known !== undefined) return known
  const declared = declaredType(schema, resource, 'selfType')
  const made =
    declared === undefined ? [] : rules.map((rule) => compiledRule(rule, schema, declared))
  compiled.set(holder, made)
  return made
}

function compiledRule(rule: Rule, schema: Schema, declared: DeclaredType): CompiledRule {
  const field = fieldBelow(rule.fieldPath ?? '', schema) ?? ''
  if (rule.rule.trim() === '') return { rule, isTransition: false, field }
  const check = compiledText(rule.rule, rule, declared, 'bool')
  const isTransition = check.kind === 'program' && check.program.checked.variables.has('oldSelf')
  const wanted = rule.messageExpression ?? ''
  if (wanted === '' || check.kind === 'fault') return { rule, check, isTransition, field }
  return {
    rule,
    check,
    message: compiledText(wanted, rule, declared, 'string'),
    isTransition,
    field,
  }
}

function compiledText(
  text: string,
  rule: Rule,
  declared: DeclaredType,
  wanted: 'bool' | 'string',
): CompiledText {
  const { type } = declared
  const old: Type = rule.optionalOldSelf === true ? optionalOf(type) : type
  const variables = new Map([
    ['self', type],
    ['oldSelf', old],
  ])
  const program = compile(text, { variables, functions: standardFunctions() })
  const isMessage = wanted === 'string'
  if (typeof program === 'string') {
    return {
      kind: 'fault',
      fault: `${isMessage ? 'messageExpression ' : ''}compilation failed: ${program}`,
    }
  }
  if (program.type.kind !== wanted) {
    const fault = isMessage
      ? 'messageExpression must evaluate to a string'
      : 'cel expression must evaluate to a bool'
    return { kind: 'fault', fault }
  }
  const stuck = instantiationFault(program)
  if (stuck !== undefined) {
    const what = isMessage ? 'messageExpression' : 'program'
    return { kind: 'fault', fault: `${what} instantiation failed: ${stuck}` }
  }
  return { kind: 'program', program, maxCost: maxCost(program.checked, declared) }
}

const step = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/y
const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
}

/** A rule's `fieldPath` as an error names it, or undefined when there is no such place. */
export function fieldBelow(path: string, schema: Schema): string | undefined {
  let [at, here, shown] = [0, schema as Schema | undefined, '']
  while (at < path.length) {
    step.lastIndex = at
    const match = step.exec(path)
    if (match === null) return undefined
    const name =
      match[1] ?? (match[2] as string).replace(/\\(.)/g, (_all, one: string) => escapes[one] ?? '')
    if (here?.properties !== undefined) {
      here = Object.hasOwn(here.properties, name) ? here.properties[name] : undefined
      if (here === undefined) return undefined
      shown += shown === '' ? name : `.${name}`
    } else if (typeof here?.additionalProperties === 'object') {
      here = here.additionalProperties
      shown += `[${name}]`
    } else return undefined
    at = step.lastIndex
  }
  return shown
}

const ruled = new WeakMap<Schema, boolean>()

/** Whether there is any rule here or below. */
export function hasRules(schema: Schema): boolean {
  return anywhere(schema, ruled, (rules) => rules.length > 0)
}

const moving = new WeakMap<Schema, boolean>()

/** Whether there may be any rule about an old value here or below. */
export function hasTransitions(schema: Schema): boolean {
  return anywhere(schema, moving, (rules) => rules.some(({ rule }) => rule.includes('oldSelf')))
}

function anywhere(
  schema: Schema,
  known: WeakMap<Schema, boolean>,
  test: (rules: readonly Rule[]) => boolean,
): boolean {
  let found = known.get(schema)
  if (found === undefined) {
    found =
      test(schema['x-kubernetes-validations'] ?? []) ||
      partsOf(schema).some((part) => anywhere(part, known, test))
    known.set(schema, found)
  }
  return found
}

function partsOf({ properties, additionalProperties, items, allOf }: Schema): readonly Schema[] {
  return [
    ...Object.values(properties ?? {}),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
    ...(items === undefined ? [] : [items]),
    ...(allOf ?? []),
  ]
}
