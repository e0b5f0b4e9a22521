/** The rules of a schema at the time they are written down: whether they can be read, and whether they cost too much. */
import { asArray, asObject, asString, type Obj, objectsOf } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import type { Rule, Schema } from '#core/schema/schema.ts'
import { declaredType, requestMax } from '../cel/schema-type.ts'
import { most } from '../cel/span.ts'
import { type CompiledRule, compiledRules, fieldBelow } from './rule-compile.ts'

const ruleLimit = 10_000_000
const wholeLimit = 100_000_000
const reasons = [
  'FieldValueDuplicate',
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueRequired',
]

/** Problems with the rules themselves, before anybody reads them as expressions. */
export function ruleFormProblems(schema: Obj, field: string): Problem[] {
  return [
    ...childrenOf(schema, field).flatMap(({ child, at }) => ruleFormProblems(child, at)),
    ...objectsOf(schema['x-kubernetes-validations']).flatMap((rule, index) =>
      formProblems(rule, schema as Schema, `${field}.x-kubernetes-validations[${index}]`),
    ),
  ]
}

/** Problems with the rules as expressions, in a schema that has no others. */
export function ruleCostProblems(schema: Obj, field: string): Problem[] {
  const total: Total = { cost: 0, dearest: [] }
  const place = { at: field, root: true, cardinality: 1, uncorrelated: undefined }
  const problems = expressionProblems(schema, place, total)
  if (total.cost <= wholeLimit) return problems
  const why =
    'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
  const name = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
  return [
    ...problems,
    ...total.dearest.map(({ at }) => problem.forbidden(at, why)),
    problem.forbidden(field, tooDear(name, total.cost, wholeLimit)),
  ]
}

const breaks = /[\n\r]/

function formProblems(rule: Obj, schema: Schema, at: string): Problem[] {
  const text = (name: string): string => asString(rule[name]) ?? ''
  const blank = (name: string): boolean => text(name) !== '' && text(name).trim() === ''
  const problems: Problem[] = []
  const expression = text('rule').trim()
  const message = text('message').trim()
  if (expression === '') problems.push(problem.required(`${at}.rule`, 'rule is not specified'))
  else if (blank('message')) {
    problems.push(
      problem.invalid(`${at}.message`, text('message'), 'must be non-empty if specified'),
    )
  } else if (breaks.test(message)) {
    problems.push(problem.invalid(`${at}.message`, text('message'), 'must not contain line breaks'))
  } else if (breaks.test(expression) && message === '') {
    const why = 'message must be specified if rule contains line breaks'
    problems.push(problem.required(`${at}.message`, why))
  }
  if (blank('messageExpression')) {
    const why = 'messageExpression must be non-empty if specified'
    problems.push(problem.required(`${at}.messageExpression`, why))
  }
  const reason = asString(rule.reason)
  if (reason !== undefined && !reasons.includes(reason)) {
    problems.push(problem.unsupported(`${at}.reason`, reason, reasons))
  }
  return [...problems, ...pathProblems(text('fieldPath'), schema, `${at}.fieldPath`)]
}

function pathProblems(path: string, schema: Schema, at: string): Problem[] {
  if (path === '') return []
  const problems: Problem[] = []
  if (path.trim() === '') problems.push(problem.invalid(at, path, 'must be non-empty if specified'))
  if (breaks.test(path)) problems.push(problem.invalid(at, path, 'must not contain line breaks'))
  if (fieldBelow(path, schema) === undefined) {
    problems.push(problem.invalid(at, path, 'must be a valid path'))
  }
  return problems
}

type Total = { cost: number; dearest: { readonly at: string; readonly cost: number }[] }

type Place = {
  readonly at: string
  readonly root: boolean
  /** How many such values an object can have; undefined when nothing limits that. */
  readonly cardinality: number | undefined
  /** The list above whose items cannot be told apart. */
  readonly uncorrelated: string | undefined
}

function expressionProblems(schema: Obj, place: Place, total: Total): Problem[] {
  const problems = childrenOf(schema, place.at).flatMap(({ child, at, isItem }) =>
    expressionProblems(child, placeBelow(schema, place, at, isItem), total),
  )
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const typed = schema as Schema
  if (asArray(schema['x-kubernetes-validations']).length === 0) return problems
  const declared = declaredType(typed, place.root || embedded)
  if (declared === undefined) {
    const at = `${place.at}.x-kubernetes-validations`
    const why =
      'internal error: failed to construct type information for x-kubernetes-validations rules'
    const more = 'unable to convert structural schema to CEL declarations'
    return [
      ...problems,
      { field: at, reason: 'InternalError', message: `Internal error: ${why}: ${more}` },
    ]
  }
  const count = place.cardinality ?? Math.floor(requestMax / (declared.minSize + 1))
  compiledRules(typed, typed, place.root || embedded).forEach((rule, index) => {
    const at = `${place.at}.x-kubernetes-validations[${index}]`
    problems.push(...ruleProblems(rule, at, count, total))
    problems.push(...oldProblems(rule, at, place.uncorrelated))
  })
  return problems
}

function ruleProblems(compiled: CompiledRule, at: string, count: number, total: Total): Problem[] {
  const { rule, check, message } = compiled
  const problems: Problem[] = []
  if (check?.kind === 'program') {
    const cost = Math.min(check.maxCost * count, most)
    problems.push(...costProblems('estimated rule cost', `${at}.rule`, cost, total))
  } else if (check?.kind === 'fault') {
    problems.push(ruleInvalid(`${at}.rule`, rule, check.fault))
  }
  if (message?.kind === 'program') {
    const [name, where] = ['estimated messageExpression cost', `${at}.messageExpression`]
    problems.push(...costProblems(name, where, message.maxCost, total))
  } else if (message?.kind === 'fault') {
    problems.push(ruleInvalid(`${at}.messageExpression`, rule, message.fault))
  }
  return problems
}

function costProblems(name: string, at: string, cost: number, total: Total): Problem[] {
  total.cost = Math.min(total.cost + cost, most)
  if (cost >= wholeLimit / 100) {
    total.dearest = [...total.dearest, { at, cost }].sort((a, b) => b.cost - a.cost).slice(0, 4)
  }
  return cost > ruleLimit ? [problem.forbidden(at, tooDear(name, cost, ruleLimit))] : []
}

function tooDear(name: string, cost: number, limit: number): string {
  const factor = cost / limit
  const shown =
    factor > 100
      ? 'more than 100x'
      : factor < 1.5
        ? `${factor.toFixed(6)}x`
        : `${factor.toFixed(1)}x`
  return `${name} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}

function oldProblems(
  compiled: CompiledRule,
  at: string,
  uncorrelated: string | undefined,
): Problem[] {
  const { rule, isTransition, check } = compiled
  if (isTransition) {
    if (uncorrelated === undefined) return []
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`
    return [problem.invalid(`${at}.rule`, rule.rule, why)]
  }
  if (rule.optionalOldSelf === undefined || check === undefined) return []
  const why = 'may not be set if oldSelf is not used in rule'
  return [problem.invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, why)]
}

/** A rule is shown whole, with the names the server has inside, and as Go writes JSON. */
function ruleInvalid(field: string, rule: Rule, why: string): Problem {
  const shown = JSON.stringify({
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  })
  const escaped = shown.replace(/[<>&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)
  return { field, reason: 'FieldValueInvalid', message: `Invalid value: ${escaped}: ${why}` }
}

type Child = { readonly child: Obj; readonly at: string; readonly isItem: boolean }

function childrenOf(schema: Obj, field: string): Child[] {
  const rest = asObject(schema.additionalProperties)
  const items = asObject(schema.items)
  return [
    ...Object.entries(asObject(schema.properties) ?? {}).map(([name, child]) => ({
      child: asObject(child) ?? {},
      at: `${field}.properties[${name}]`,
      isItem: false,
    })),
    ...(rest === undefined
      ? []
      : [{ child: rest, at: `${field}.additionalProperties`, isItem: false }]),
    ...(items === undefined ? [] : [{ child: items, at: `${field}.items`, isItem: true }]),
  ]
}

function placeBelow(parent: Obj, place: Place, at: string, isItem: boolean): Place {
  const count = countOf(parent)
  const cardinality =
    place.cardinality === undefined || count === undefined
      ? undefined
      : Math.min(place.cardinality * count, most)
  const known = !isItem || parent['x-kubernetes-list-type'] === 'map'
  return {
    at,
    root: false,
    cardinality,
    uncorrelated: place.uncorrelated ?? (known ? undefined : place.at),
  }
}

/** How many children of a kind a value can have; undefined when nothing limits that. */
function countOf(schema: Obj): number | undefined {
  const limit = (name: string): number | undefined =>
    typeof schema[name] === 'number' ? Math.max(0, schema[name]) : undefined
  if (schema.type === 'array') return limit('maxItems')
  if (schema.type !== 'object' || schema.additionalProperties === undefined) return 1
  return limit('maxProperties')
}
