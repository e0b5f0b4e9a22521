/** What an expression yields for given variables, and what it costs. */

import type { Reference } from './check.ts'
import { order, same } from './compare.ts'
import type { Call, Expr, Fold, ListExpr, MapExpr, Select } from './expr.ts'
import { type Implementation, implementationOf } from './functions.ts'
import { find, findInOptional, pick } from './lookup.ts'
import { actualCost } from './price.ts'
import {
  EvalError,
  isList,
  isMap,
  itemsOf,
  listFrom,
  mapFrom,
  noOverload,
  Optional,
  TypeName,
  type Value,
} from './values.ts'

/** The evaluation was given up because it did too much. */
class CostExceeded extends Error {
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

export type Variables = Readonly<Record<string, Value | undefined>>

export type Outcome = { readonly cost: number } & (
  | { readonly kind: 'value'; readonly value: Value }
  /** `exceeded`: the limit of costs was. */
  | { readonly kind: 'error'; readonly message: string; readonly exceeded: boolean }
)

export type Compiled = {
  readonly expr: Expr
  readonly calls: ReadonlyMap<number, Reference>
  readonly typeNames: ReadonlyMap<number, string>
  readonly qualified: ReadonlyMap<number, string>
}

/** Never throws for what an expression does wrong. */
export function evaluate(compiled: Compiled, variables: Variables, limit: number): Outcome {
  const run = new Evaluation(compiled, variables, limit)
  try {
    return { kind: 'value', value: run.value(compiled.expr), cost: run.cost }
  } catch (error) {
    const exceeded = error instanceof CostExceeded
    // An expression that nests too deeply for this machine has no value either.
    if (!exceeded && !(error instanceof EvalError) && !(error instanceof RangeError)) throw error
    return { kind: 'error', message: (error as Error).message, exceeded, cost: run.cost }
  }
}

const listCost = 10
const mapCost = 30

/** A variable of a fold may be an error that nobody has looked at yet. */
type Local = Value | EvalError

class Evaluation {
  cost = 0
  private readonly compiled: Compiled
  private readonly variables: Variables
  private readonly limit: number
  private readonly locals = new Map<string, Local[]>()

  constructor(compiled: Compiled, variables: Variables, limit: number) {
    this.compiled = compiled
    this.variables = variables
    this.limit = limit
  }

  value(expr: Expr): Value {
    switch (expr.kind) {
      case 'literal':
        return expr.value
      case 'ident':
        return this.ident(expr.id, expr.name)
      case 'select':
        return this.select(expr)
      case 'call':
        return this.call(expr)
      case 'list':
        return this.list(expr)
      case 'map':
        return this.map(expr)
      case 'fold':
        return this.fold(expr)
    }
  }

  private spend(cost: number): void {
    this.cost += cost
    if (this.cost > this.limit) throw new CostExceeded()
  }

  private ident(id: number, name: string): Value {
    const typeName = this.compiled.typeNames.get(id)
    if (typeName !== undefined) return new TypeName(typeName)
    this.spend(1)
    const found = this.locals.get(name)?.at(-1)
    if (found instanceof EvalError) throw found
    if (found !== undefined) return found
    const variable = this.variables[name]
    if (variable === undefined) throw new EvalError(`no such attribute(s): ${name}`)
    return variable
  }

  private select(expr: Select): Value {
    const typeName = this.compiled.typeNames.get(expr.id)
    if (typeName !== undefined) return new TypeName(typeName)
    const variable = this.compiled.qualified.get(expr.id)
    if (variable !== undefined) return this.ident(expr.id, variable)
    const operand = this.value(expr.operand)
    if (expr.test) return this.isThere(operand, expr.field)
    this.spend(1)
    if (operand instanceof Optional) return findInOptional(operand, expr.field)
    return pick(operand, expr.field)
  }

  private isThere(operand: Value, field: string): boolean {
    const target = operand instanceof Optional ? operand.value : operand
    return target !== undefined && find(target, field) !== undefined
  }

  private list({ items, optional }: ListExpr): Value {
    const constant = items.every(({ kind }) => kind === 'literal')
    const values: Value[] = []
    items.forEach((item, index) => {
      const value = this.value(item)
      if (!optional.has(index)) values.push(value)
      else if (!(value instanceof Optional)) throw noOverload()
      else if (value.value !== undefined) values.push(value.value)
    })
    // A list of literals is made once, before anybody counts.
    if (!constant || items.length === 0) this.spend(listCost)
    return listFrom(values)
  }

  private map({ entries }: MapExpr): Value {
    const made: [Value, Value][] = []
    const seen = new Set<string>()
    for (const { key, value, optional } of entries) {
      const [name, content] = [this.value(key), this.value(value)]
      const text = `${typeof name}${String(name)}`
      if (seen.has(text)) throw new EvalError(`Failed with repeated key`)
      seen.add(text)
      if (!optional) made.push([name, content])
      else if (!(content instanceof Optional)) throw noOverload()
      else if (content.value !== undefined) made.push([name, content.value])
    }
    this.spend(mapCost)
    return mapFrom(made)
  }

  private call(expr: Call): Value {
    const reference = this.compiled.calls.get(expr.id)
    const name = reference?.name ?? expr.name
    const special = specials[name]
    if (special !== undefined) return special(this, expr)
    const parts =
      expr.target === undefined || reference?.global === true
        ? expr.args
        : [expr.target, ...expr.args]
    const args = parts.map((part) => this.value(part))
    const found = chosen(name, reference?.overloads ?? [], args)
    const result = found.apply(args)
    this.spend(actualCost(name, found.id, args, result))
    return result
  }

  private fold(expr: Fold): Value {
    const range = this.value(expr.range)
    this.push(expr.accu, this.attempt(expr.init))
    for (const [item, second] of pairsOf(range, expr.second !== undefined)) {
      this.push(expr.item, item)
      if (expr.second !== undefined) this.push(expr.second, second)
      const goesOn = this.value(expr.condition) === true
      const next = goesOn ? this.attempt(expr.step) : undefined
      if (expr.second !== undefined) this.pop(expr.second)
      this.pop(expr.item)
      if (next === undefined) break
      this.pop(expr.accu)
      this.push(expr.accu, next)
    }
    const result = this.value(expr.result)
    this.pop(expr.accu)
    return result
  }

  private attempt(expr: Expr): Local {
    try {
      return this.value(expr)
    } catch (error) {
      if (error instanceof EvalError) return error
      throw error
    }
  }

  private push(name: string, value: Local): void {
    const known = this.locals.get(name)
    if (known === undefined) this.locals.set(name, [value])
    else known.push(value)
  }

  private pop(name: string): void {
    this.locals.get(name)?.pop()
  }

  /** `&&` and `||`: one side can decide alone, even when the other is an error. */
  decide(expr: Call, deciding: boolean): Value {
    const [left, right] = expr.args as [Expr, Expr]
    const first = this.attempt(left)
    if (first === deciding) return deciding
    const second = this.attempt(right)
    if (second === deciding) return deciding
    for (const side of [first, second]) {
      if (side instanceof EvalError) throw side
      if (typeof side !== 'boolean') throw noOverload()
    }
    return !deciding
  }

  choose(expr: Call): Value {
    const [condition, yes, no] = expr.args as [Expr, Expr, Expr]
    const value = this.value(condition)
    if (typeof value !== 'boolean') throw noOverload()
    return this.value(value ? yes : no)
  }

  isNotFalse(expr: Call): Value {
    const value = this.attempt(expr.args[0] as Expr)
    return value instanceof EvalError || value !== false
  }

  index(expr: Call): Value {
    const [operand, key] = expr.args.map((arg) => this.value(arg)) as [Value, Value]
    this.spend(1)
    return operand instanceof Optional ? findInOptional(operand, key) : pick(operand, key)
  }

  optionalIndex(expr: Call): Value {
    const [operand, key] = expr.args.map((arg) => this.value(arg)) as [Value, Value]
    this.spend(1)
    const optional = operand instanceof Optional ? operand : new Optional(operand)
    return findInOptional(optional, key)
  }

  /** `or` and `orValue` look at the other side only when they have to. */
  otherwise(expr: Call): Value {
    const first = this.value(expr.target as Expr)
    if (!(first instanceof Optional)) throw noOverload()
    if (first.value !== undefined) return expr.name === 'or' ? first : first.value
    return this.value(expr.args[0] as Expr)
  }

  equality(expr: Call): Value {
    const args = expr.args.map((arg) => this.value(arg)) as [Value, Value]
    const equal = same(...args) === (expr.name === '_==_')
    this.spend(actualCost(expr.name, expr.name === '_==_' ? 'equals' : 'not_equals', args, equal))
    return equal
  }

  comparison(expr: Call): Value {
    const args = expr.args.map((arg) => this.value(arg)) as [Value, Value]
    const sign = order(...args)
    const holds = { '_<_': sign < 0, '_<=_': sign <= 0, '_>_': sign > 0, '_>=_': sign >= 0 }[
      expr.name
    ] as boolean
    this.spend(actualCost(expr.name, typeof args[0] === 'string' ? 'less_string' : '', args, holds))
    return holds
  }
}

type Special = (run: Evaluation, expr: Call) => Value

const equality: Special = (run, expr) => run.equality(expr)
const comparison: Special = (run, expr) => run.comparison(expr)
const optionalIndex: Special = (run, expr) => run.optionalIndex(expr)
const otherwise: Special = (run, expr) => run.otherwise(expr)

const specials: Readonly<Record<string, Special>> = {
  '_&&_': (run, expr) => run.decide(expr, false),
  '_||_': (run, expr) => run.decide(expr, true),
  '_?_:_': (run, expr) => run.choose(expr),
  '@not_strictly_false': (run, expr) => run.isNotFalse(expr),
  '_[_]': (run, expr) => run.index(expr),
  '_[?_]': optionalIndex,
  '_?._': optionalIndex,
  or: otherwise,
  orValue: otherwise,
  '_==_': equality,
  '_!=_': equality,
  '_<_': comparison,
  '_<=_': comparison,
  '_>_': comparison,
  '_>=_': comparison,
}

/** The overload that takes these values; when types are only known at run time, they decide here. */
function chosen(
  name: string,
  overloads: readonly string[],
  args: readonly Value[],
): Implementation {
  for (const id of overloads) {
    const found = implementationOf(id)
    if (found.takes(args)) return found
  }
  throw /^[a-z]/i.test(name) ? new EvalError(`no such overload: ${name}`) : noOverload()
}

/** What a fold goes through: items, or keys; with two variables indices and items, or keys and values. */
function* pairsOf(range: Value, two: boolean): Generator<readonly [Value, Value]> {
  if (isList(range)) {
    let index = 0n
    for (const item of itemsOf(range)) {
      yield two ? [index, item] : [item, item]
      index += 1n
    }
    return
  }
  if (!isMap(range)) throw noOverload()
  for (const key of range.keys()) {
    const value = two ? range.get(key) : undefined
    yield [key, value ?? null]
  }
}
