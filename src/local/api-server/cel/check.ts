/** The static check of an expression: every part gets a type, every name and call what it means. */
import { assignAll, type Bindings, mostGeneral, substitute } from './assign.ts'
import type { Overload } from './declare.ts'
import {
  type Call,
  type Expr,
  type Fold,
  type ListExpr,
  type MapExpr,
  qualifiedName,
  type Select,
} from './expr.ts'
import type { Fault } from './fault.ts'
import {
  bool,
  dyn,
  error,
  insideOptional,
  int,
  isDynOrError,
  listOf,
  mapOf,
  namedTypes,
  optionalOf,
  param,
  shownType,
  type Type,
  text,
} from './types.ts'

/** What an expression may speak of. */
export type Environment = {
  readonly variables: ReadonlyMap<string, Type>
  readonly functions: ReadonlyMap<string, readonly Overload[]>
}

/** What a call means. */
export type Reference = {
  readonly name: string
  /** Those that may be meant; more than one when it depends on the values. */
  readonly overloads: readonly string[]
  /** The call has no target, though it looks like one: `sets.contains(…)`. */
  readonly global: boolean
}

export type Checked = {
  readonly expr: Expr
  readonly types: ReadonlyMap<number, Type>
  readonly calls: ReadonlyMap<number, Reference>
  /** Selections that are names of types, like `google.protobuf.Timestamp`, by their number. */
  readonly typeNames: ReadonlyMap<number, string>
  /** Selections that are names of variables with dots in them. */
  readonly qualified: ReadonlyMap<number, string>
  /** The variables it speaks of. */
  readonly variables: ReadonlySet<string>
  readonly faults: readonly Fault[]
}

export function check(expr: Expr, environment: Environment): Checked {
  return new Checker(environment).run(expr)
}

class Checker {
  private readonly environment: Environment
  private readonly types = new Map<number, Type>()
  private readonly calls = new Map<number, Reference>()
  private readonly typeNames = new Map<number, string>()
  private readonly qualified = new Map<number, string>()
  private readonly spoken = new Set<string>()
  private readonly faults: Fault[] = []
  private readonly scopes: Map<string, Type>[] = []
  private known: Bindings = new Map()
  private fresh = 0
  /** Above zero where a list may have items of several types. */
  private mixed = 0

  constructor(environment: Environment) {
    this.environment = environment
  }

  run(expr: Expr): Checked {
    this.check(expr)
    for (const [id, type] of this.types) this.types.set(id, substitute(this.known, type, true))
    const { types, calls, typeNames, qualified, faults } = this
    return { expr, types, calls, typeNames, qualified, variables: this.spoken, faults }
  }

  private check(expr: Expr): Type {
    const type = this.typeOf(expr)
    this.types.set(expr.id, type)
    return type
  }

  private typeOf(expr: Expr): Type {
    switch (expr.kind) {
      case 'literal':
        return literalType(expr.value)
      case 'ident':
        return this.ident(expr.id, expr.name) ?? this.undeclared(expr.at, expr.name)
      case 'select':
        return this.select(expr)
      case 'call':
        return expr.name === '_?._' ? this.optionalSelect(expr) : this.call(expr)
      case 'list':
        return this.list(expr)
      case 'map':
        return this.map(expr)
      case 'fold':
        return this.fold(expr)
    }
  }

  private fault(at: number, message: string): Type {
    this.faults.push({ at, message })
    return error
  }

  private undeclared(at: number, name: string): Type {
    return this.fault(at, `undeclared reference to '${name}' (in container '')`)
  }

  private ident(id: number, name: string): Type | undefined {
    for (const scope of this.scopes.toReversed()) {
      const found = scope.get(name)
      if (found !== undefined) return found
    }
    const variable = this.environment.variables.get(name)
    if (variable !== undefined) {
      this.spoken.add(name)
      return variable
    }
    const named = namedTypes.get(name)
    if (named === undefined) return undefined
    this.typeNames.set(id, name)
    return { kind: 'type', of: named }
  }

  private select(expr: Select): Type {
    const path = qualifiedName(expr)
    const named = path?.includes('.') === true ? this.ident(expr.id, path) : undefined
    if (named !== undefined) {
      if (this.environment.variables.has(path as string))
        this.qualified.set(expr.id, path as string)
      return named
    }
    const type = this.field(expr.at, expr.operand, expr.field, false)
    return expr.test ? bool : substitute(this.known, type)
  }

  private optionalSelect(expr: Call): Type {
    const [operand, field] = expr.args as [Expr, Expr]
    this.types.set(field.id, text)
    const name = field.kind === 'literal' ? String(field.value) : ''
    const type = this.field(expr.at, operand, name, true)
    const overloads = ['select_optional_field']
    this.calls.set(expr.id, { name: expr.name, overloads, global: true })
    return substitute(this.known, type)
  }

  private field(at: number, operand: Expr, field: string, optional: boolean): Type {
    const whole = substitute(this.known, this.check(operand))
    const inside = insideOptional(whole)
    const type = this.fieldOf(at, inside ?? whole, field)
    return inside !== undefined || optional ? optionalOf(type) : type
  }

  private fieldOf(at: number, target: Type, field: string): Type {
    switch (target.kind) {
      case 'map':
        return target.value
      case 'object':
        if (target.fields === undefined) {
          return this.fault(at, `unexpected failed resolution of '${target.name}'`)
        }
        return target.fields.get(field) ?? this.fault(at, `undefined field '${field}'`)
      case 'param':
        this.fits(dyn, target)
        return dyn
      default:
        if (!isDynOrError(target)) {
          this.fault(at, `type '${shownType(target)}' does not support field selection`)
        }
        return dyn
    }
  }

  private call(expr: Call): Type {
    const { target, args, name, at } = expr
    // What is put into a text may be of any types.
    const mixed = name === 'format'
    if (mixed) this.mixed += 1
    for (const arg of args) this.check(arg)
    if (mixed) this.mixed -= 1
    if (target === undefined) {
      const overloads = this.environment.functions.get(name)
      return overloads === undefined
        ? this.undeclared(at, name)
        : this.resolve(expr, name, overloads, undefined)
    }
    const prefix = qualifiedName(target)
    const whole = `${prefix}.${name}`
    const global = prefix === undefined ? undefined : this.environment.functions.get(whole)
    if (global !== undefined) return this.resolve(expr, whole, global, undefined)
    this.check(target)
    const overloads = this.environment.functions.get(name)
    return overloads === undefined
      ? this.undeclared(at, name)
      : this.resolve(expr, name, overloads, target)
  }

  private resolve(
    expr: Call,
    name: string,
    overloads: readonly Overload[],
    target: Expr | undefined,
  ): Type {
    const given = [...(target === undefined ? [] : [target]), ...expr.args].map((one) =>
      this.typeAt(one),
    )
    if (name === '_&&_' || name === '_||_') return this.logic(expr, name, given, overloads)
    const fitting: string[] = []
    let result: Type | undefined
    for (const overload of overloads) {
      if (overload.member !== (target !== undefined)) continue
      const { args, result: made } = this.instance(overload)
      const known = assignAll(this.known, given, args)
      if (known === undefined) continue
      this.known = known
      fitting.push(overload.id)
      const type = substitute(known, made)
      if (result === undefined) result = type
      else if (result.kind !== 'dyn' && shownType(result) !== shownType(type)) result = dyn
    }
    if (result === undefined) return this.noOverload(expr, name, given, target !== undefined)
    this.calls.set(expr.id, { name, overloads: fitting, global: target === undefined })
    return result
  }

  private noOverload(expr: Call, name: string, given: readonly Type[], member: boolean): Type {
    const [first = '', ...rest] = given.map((type) => shownType(substitute(this.known, type, true)))
    const shown = member ? `${first}.(${rest.join(', ')})` : `(${[first, ...rest].join(', ')})`
    const applied = given.length === 0 ? '()' : shown
    return this.fault(expr.at, `found no matching overload for '${name}' applied to '${applied}'`)
  }

  private logic(
    expr: Call,
    name: string,
    given: readonly Type[],
    overloads: readonly Overload[],
  ): Type {
    let good = true
    given.forEach((type, index) => {
      if (this.fits(type, bool)) return
      good = false
      this.mismatch((expr.args[index] as Expr).at, bool, type)
    })
    if (!good) return error
    const ids = overloads.map(({ id }) => id)
    this.calls.set(expr.id, { name, overloads: ids, global: true })
    return bool
  }

  private mismatch(at: number, expected: Type, actual: Type): Type {
    const [wanted, found] = [expected, actual].map((type) => shownType(type))
    return this.fault(at, `expected type '${wanted}' but found '${found}'`)
  }

  /** The overload with types of its own in the place of those that are open. */
  private instance({ args, result, open }: Overload): { args: Type[]; result: Type } {
    if (open.length === 0) return { args: [...args], result }
    const own = new Map(open.map((name) => [name, this.newParam()] as const))
    return { args: args.map((arg) => substitute(own, arg)), result: substitute(own, result) }
  }

  private newParam(): Type {
    this.fresh += 1
    return param(`_var${this.fresh - 1}`)
  }

  private typeAt(expr: Expr): Type {
    return this.types.get(expr.id) ?? error
  }

  private fits(a: Type, b: Type): boolean {
    const known = assignAll(this.known, [a], [b])
    if (known === undefined) return false
    this.known = known
    return true
  }

  private list({ items, optional }: ListExpr): Type {
    let joined: Type | undefined
    items.forEach((item, index) => {
      const type = this.entry(item, optional.has(index))
      joined = this.join(item.at, joined, type)
    })
    return listOf(joined ?? this.newParam())
  }

  private map({ entries }: MapExpr): Type {
    let [keys, values]: [Type | undefined, Type | undefined] = [undefined, undefined]
    for (const { key, value, optional } of entries) {
      keys = this.join(key.at, keys, this.check(key))
      values = this.join(value.at, values, this.entry(value, optional))
    }
    return mapOf(keys ?? this.newParam(), values ?? this.newParam())
  }

  private entry(expr: Expr, optional: boolean): Type {
    const type = this.check(expr)
    if (!optional) return type
    const inside = insideOptional(type)
    if (inside === undefined && type.kind !== 'dyn') this.mismatch(expr.at, optionalOf(type), type)
    return inside ?? type
  }

  private join(at: number, previous: Type | undefined, current: Type): Type {
    if (previous === undefined) return current
    if (this.fits(previous, current)) return mostGeneral(previous, current)
    return this.mixed > 0 ? dyn : this.mismatch(at, previous, current)
  }

  private fold(expr: Fold): Type {
    const range = substitute(this.known, this.check(expr.range))
    const accu = this.check(expr.init)
    this.scopes.push(new Map([[expr.accu, accu]]))
    this.scopes.push(this.variablesOf(expr, range))
    this.wanted(expr.condition, bool)
    this.wanted(expr.step, accu)
    this.scopes.pop()
    const result = this.check(expr.result)
    this.scopes.pop()
    return substitute(this.known, result)
  }

  private wanted(expr: Expr, type: Type): void {
    const given = this.check(expr)
    if (!this.fits(type, given)) this.mismatch(expr.at, type, given)
  }

  private variablesOf({ range: expr, item, second }: Fold, range: Type): Map<string, Type> {
    const two = (first: Type, other: Type): Map<string, Type> =>
      new Map(second === undefined ? [[item, first]] : [[item, first] as const, [second, other]])
    switch (range.kind) {
      case 'list':
        return second === undefined ? two(range.item, range.item) : two(int, range.item)
      case 'map':
        return two(range.key, range.value)
      case 'dyn':
      case 'error':
      case 'param':
        this.fits(dyn, range)
        return two(dyn, dyn)
      default: {
        const why = 'cannot be range of a comprehension (must be list, map, or dynamic)'
        this.fault(expr.at, `expression of type '${shownType(range)}' ${why}`)
        return two(error, error)
      }
    }
  }
}

function literalType(value: unknown): Type {
  switch (typeof value) {
    case 'boolean':
      return bool
    case 'bigint':
      return int
    case 'number':
      return { kind: 'double' }
    case 'string':
      return text
    default:
      if (value === null) return { kind: 'null' }
      return { kind: value instanceof Uint8Array ? 'bytes' : 'uint' }
  }
}
