/**
 * The rules of a custom kind, asked about an object. What an update did not touch is not held against it: it becomes a
 * warning. Expressions that cost too much end the questions.
 */
import { equal, isObject, type Obj, type Value } from '#core/schema/json.ts'
import { oldItem } from '#core/schema/lists.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import type { Rule, Schema } from '#core/schema/schema.ts'
import type { Variables } from '../cel/evaluate.ts'
import { valueOf } from '../cel/schema-value.ts'
import { EvalError, Optional } from '../cel/values.ts'
import { type CompiledRule, compiledRules, hasRules, hasTransitions } from './rule-compile.ts'

export type RuleFindings = {
  readonly problems: readonly Problem[]
  /** Sentences about what is wrong, but was so before. */
  readonly warnings: readonly string[]
}

const callLimit = 1_000_000
const wholeLimit = 10_000_000
const messageMax = 5 * 1024

/**
 * `old` is undefined for a new object. Transition rules are asked only where there is an old value. `settled`: the rules
 * are known to hold for the old object, so that the others need not be asked where nothing has changed.
 */
export function ruleFindings(
  schema: Schema,
  object: Obj,
  old: Obj | undefined,
  settled = false,
): RuleFindings {
  const kept = old !== undefined && equal(object, old)
  return walked(schema, object, settled, { path: '', resource: true, old, kept })
}

/** The same about any value; `old` is its own, which counts as touched nevertheless. */
export function findingsAt(
  schema: Schema,
  value: Value,
  at: Pick<Place, 'path' | 'resource' | 'old'>,
): RuleFindings {
  return walked(schema, value, false, { ...at, kept: false })
}

function walked(
  schema: Schema,
  value: Value,
  settled: boolean,
  at: Omit<Place, 'correlated'>,
): RuleFindings {
  if (!hasRules(schema)) return { problems: [], warnings: [] }
  const walk = new Walk(settled)
  try {
    walk.visit(schema, schema, value, { ...at, correlated: at.old !== undefined })
  } catch (error) {
    if (!(error instanceof Exhausted)) throw error
  }
  return walk
}

/** Nothing more is asked. */
class Exhausted extends Error {}

type Place = {
  readonly path: string
  readonly resource: boolean
  readonly old: Value | undefined
  /** Whether this value, or the nearest one above that had an old one, is as it was. */
  readonly kept: boolean
  /** Whether one can tell what this value was before. */
  readonly correlated: boolean
}

class Walk {
  readonly problems: Problem[] = []
  readonly warnings: string[] = []
  private budget = wholeLimit
  private readonly settled: boolean

  constructor(settled: boolean) {
    this.settled = settled
  }

  /** `holder` has the rules, `schema` says what the value is. */
  visit(holder: Schema, schema: Schema, value: Value, place: Place): void {
    if (value === null || !hasRules(holder)) return
    if (this.settled && place.kept && !hasTransitions(holder)) return
    this.ask(holder, schema, value, place)
    for (const part of holder.allOf ?? []) this.visit(part, schema, value, place)
    if (Array.isArray(value)) this.items(holder, schema, value, place)
    else if (isObject(value)) this.fields(holder, schema, value, place)
  }

  private items(holder: Schema, schema: Schema, list: readonly Value[], place: Place): void {
    const { items } = holder
    const described = schema.items
    if (items === undefined || described === undefined) return
    const resource = described['x-kubernetes-embedded-resource'] === true
    list.forEach((item, index) => {
      const old = oldItem(schema, item, place.old)
      const path = `${place.path}[${index}]`
      this.visit(items, described, item, { ...below(item, old, place), path, resource })
    })
  }

  private fields(holder: Schema, schema: Schema, object: Obj, place: Place): void {
    const before = isObject(place.old) && isGranular(schema) ? place.old : {}
    for (const [key, item] of Object.entries(object)) {
      const found = fieldOf(holder, schema, key)
      if (found === undefined) continue
      const old = Object.hasOwn(before, key) ? before[key] : undefined
      const path = found.named ? child(place.path, key) : `${place.path}[${key}]`
      const resource = found.schema['x-kubernetes-embedded-resource'] === true
      this.visit(found.holder, found.schema, item, { ...below(item, old, place), path, resource })
    }
  }

  private ask(holder: Schema, schema: Schema, value: Value, place: Place): void {
    const all = compiledRules(holder, schema, place.resource)
    const rules = this.settled && place.kept ? all.filter(({ isTransition }) => isTransition) : all
    if (rules.length === 0) return
    const type = schema.type ?? (place.resource ? 'object' : '')
    const at = place.path === '' ? '<nil>' : place.path
    if (this.budget <= 0) this.exhaust(at, type, outOfBudget)
    let values: Values
    try {
      values = valuesOf(schema, value, place)
    } catch (error) {
      if (!(error instanceof EvalError)) throw error
      this.problems.push(problem.invalid(at, type, error.message))
      return
    }
    for (const rule of rules) this.askOne(rule, values, { at, type, place })
  }

  private askOne(compiled: CompiledRule, values: Values, here: Here): void {
    const { rule, check, isTransition } = compiled
    const { at, type } = here
    if (check === undefined) return
    if (check.kind === 'fault') {
      this.problems.push(problem.invalid(at, type, `rule compile error: ${check.fault}`))
      return
    }
    const optional = rule.optionalOldSelf === true
    if (isTransition && values.old === undefined && !optional) return
    const variables = optional ? values.optional : values.plain
    const outcome = check.program.run(variables, callLimit)
    this.spend(outcome.cost, here)
    if (outcome.kind === 'error') {
      const shown = failureText(outcome.message, rule)
      if (outcome.exceeded) this.exhaust(at, type, shown)
      this.problems.push(problem.invalid(at, type, shown))
    } else if (outcome.value !== true) this.fail(compiled, values, here)
  }

  private spend(cost: number, { at, type }: Here): void {
    if (cost > this.budget) this.exhaust(at, type, outOfBudget)
    this.budget -= cost
  }

  private exhaust(at: string, type: string, why: string): never {
    this.problems.push(problem.invalid(at, type, why))
    throw new Exhausted()
  }

  private fail(compiled: CompiledRule, values: Values, here: Here): void {
    const { rule, isTransition, field } = compiled
    const { at, type, place } = here
    const where = field === '' ? at : child(place.path, field)
    const add = (found: Problem): void => {
      if (isTransition || !place.kept) this.problems.push(found)
      else this.warnings.push(`${found.field}: ${found.message}`)
    }
    const said = this.messageOf(compiled, values)
    if (said.kind === 'exhausted') {
      add(problem.invalid(where, type, said.why))
      throw new Exhausted()
    }
    add(worded(rule, type, where, said.text))
  }

  private messageOf({ rule, message }: CompiledRule, values: Values): Message {
    if (message?.kind !== 'program') return { kind: 'text', text: defaultMessage(rule) }
    const outcome = message.program.run(values.plain, callLimit)
    if (outcome.cost > this.budget) {
      const why =
        'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run'
      return { kind: 'exhausted', why }
    }
    this.budget -= outcome.cost
    if (outcome.kind === 'error' && outcome.exceeded) {
      const shown = JSON.stringify(rule.messageExpression)
      const why = `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${shown}`
      return { kind: 'exhausted', why }
    }
    const text =
      outcome.kind === 'value' && typeof outcome.value === 'string' ? outcome.value.trim() : ''
    const usable = text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= messageMax
    return { kind: 'text', text: usable ? text : defaultMessage(rule) }
  }
}

type Message =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'exhausted'; readonly why: string }

type Here = { readonly at: string; readonly type: string; readonly place: Place }

const outOfBudget =
  'validation failed due to running out of cost budget, no further validation rules will be run'

type Values = {
  readonly old: Value | undefined
  readonly plain: Variables
  /** Where `oldSelf` is an optional. */
  readonly optional: Variables
}

/** Throws an EvalError. */
function valuesOf(schema: Schema, value: Value, { old, resource }: Place): Values {
  const self = valueOf(value, schema, resource)
  if (old === undefined || old === null) {
    return { old: undefined, plain: { self }, optional: { self, oldSelf: new Optional(undefined) } }
  }
  const oldSelf = valueOf(old, schema, resource)
  return { old, plain: { self, oldSelf }, optional: { self, oldSelf: new Optional(oldSelf) } }
}

function below(
  value: Value,
  old: Value | undefined,
  place: Place,
): Omit<Place, 'path' | 'resource'> {
  // Of what cannot be told apart, the whole it belongs to decides whether it was touched.
  if (!place.correlated || old === undefined) {
    return { old, kept: place.kept, correlated: false }
  }
  return { old, kept: equal(value, old), correlated: true }
}

/** Of a map that is one value, nobody can tell what an entry was before. */
function isGranular(schema: Schema): boolean {
  return schema['x-kubernetes-map-type'] !== 'atomic'
}

function fieldOf(holder: Schema, schema: Schema, key: string) {
  const rules = holder.properties
  const described = schema.properties
  if (rules !== undefined && Object.hasOwn(rules, key) && described !== undefined) {
    const [mine, its] = [rules[key], described[key]]
    return mine === undefined || its === undefined
      ? undefined
      : { holder: mine, schema: its, named: true }
  }
  const [mine, its] = [holder.additionalProperties, schema.additionalProperties]
  if (typeof mine !== 'object' || typeof its !== 'object') return undefined
  return { holder: mine, schema: its, named: false }
}

function child(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`
}

function failureText(message: string, rule: Rule): string {
  const shown = ruleText(rule)
  if (message.startsWith('no such overload')) {
    return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${shown}`
  }
  if (message.startsWith('operation cancelled: actual cost limit exceeded')) {
    return `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${shown}`
  }
  return `${message} evaluating rule: ${shown}`
}

function ruleText({ message, rule }: Rule): string {
  return ((message ?? '') === '' ? rule : (message as string)).trim()
}

function defaultMessage(rule: Rule): string {
  return (rule.message ?? '') === '' ? `failed rule: ${ruleText(rule)}` : ruleText(rule)
}

function worded({ reason }: Rule, type: string, field: string, message: string): Problem {
  switch (reason) {
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
