/** What an expression may cost at most, whatever the values are. Decides whether a rule may be written down at all. */

import { type Argument, callEstimate } from './call-estimate.ts'
import type { Checked } from './check.ts'
import { accumulator, type Call, type Expr, type Fold, type MapExpr, type Select } from './expr.ts'
import { Uint } from './literal.ts'
import type { DeclaredType } from './schema-type.ts'
import { either, fixed, most, nothing, plus, type Span, times, unknown } from './span.ts'
import { dyn, insideOptional, type Type } from './types.ts'
import { lengthOf } from './values.ts'

/** The most an expression costs; `root` is what its first variable is declared as. */
export function maxCost(checked: Checked, root: DeclaredType | undefined): number {
  return new Estimator(checked, root).cost(checked.expr).max
}

/** A way from a variable to a part of it: fields, `@items`, `@values`, `@keys`. */
type Path = readonly string[]

/** What is in a list or a map. */
type Entries = { readonly list: boolean; readonly key: Span; readonly value: Span }

type Local = {
  readonly path: Path
  readonly size: Span | undefined
  readonly entries: Entries | undefined
}

const one = fixed(1)
const listCost = fixed(10)
const mapCost = fixed(30)

class Estimator {
  private readonly checked: Checked
  private readonly root: DeclaredType | undefined
  private readonly paths = new Map<number, Path>()
  private readonly sizes = new Map<number, Span>()
  private readonly entries = new Map<number, Entries>()
  private readonly locals = new Map<string, Local[]>()

  constructor(checked: Checked, root: DeclaredType | undefined) {
    this.checked = checked
    this.root = root
  }

  cost(expr: Expr): Span {
    switch (expr.kind) {
      case 'literal':
        return nothing
      case 'ident':
        this.paths.set(expr.id, this.local(expr.name)?.path ?? [expr.name])
        return one
      case 'select':
        return this.select(expr)
      case 'call':
        return this.call(expr)
      case 'list': {
        const costs = expr.items.map((item) => this.cost(item))
        const value = this.union(expr.items)
        this.entries.set(expr.id, { list: true, key: one, value })
        return plus(...costs, listCost)
      }
      case 'map':
        return this.map(expr)
      case 'fold':
        return isBinding(expr) ? this.binding(expr) : this.fold(expr)
    }
  }

  private union(parts: readonly Expr[]): Span {
    if (parts.length === 0) return nothing
    return parts.map((part) => this.size(part) ?? unknown).reduce(either, { min: most, max: 0 })
  }

  private typeOf({ id }: Expr): Type {
    return this.checked.types.get(id) ?? dyn
  }

  private local(name: string): Local | undefined {
    return this.locals.get(name)?.at(-1)
  }

  private push(name: string, local: Local): void {
    const known = this.locals.get(name)
    if (known === undefined) this.locals.set(name, [local])
    else known.push(local)
  }

  private pop(name: string): void {
    this.locals.get(name)?.pop()
  }

  private path(expr: Expr): Path {
    if (expr.kind === 'ident') {
      const local = this.local(expr.name)
      if (local !== undefined) return local.path
    }
    return this.paths.get(expr.id) ?? []
  }

  private select(expr: Select): Span {
    const operand = this.cost(expr.operand)
    if (expr.test) return operand
    const { kind } = this.typeOf(expr.operand)
    this.paths.set(expr.id, [...this.path(expr.operand), expr.field])
    return kind === 'map' || kind === 'object' || kind === 'param' ? plus(operand, one) : operand
  }

  private map(expr: MapExpr): Span {
    const costs = expr.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)])
    const key = this.union(expr.entries.map((entry) => entry.key))
    const value = this.union(expr.entries.map((entry) => entry.value))
    this.entries.set(expr.id, { list: false, key, value })
    return plus(...costs, mapCost)
  }

  private call(expr: Call): Span {
    const reference = this.checked.calls.get(expr.id)
    if (reference?.name === 'dyn') {
      const [arg] = expr.args as [Expr]
      const cost = this.cost(arg)
      this.copySizes(expr, arg)
      return plus(one, cost)
    }
    const args = expr.args.map((arg) => this.argument(arg))
    if (reference === undefined) return nothing
    const member = expr.target !== undefined && !reference.global
    const target = member ? this.argument(expr.target as Expr) : undefined
    let cost: Span = { min: most, max: 0 }
    let size: Span | undefined
    for (const overload of reference.overloads) {
      const estimate = callEstimate(reference.name, overload, target, args)
      cost = either(cost, estimate.cost)
      if (estimate.size !== undefined) {
        size = size === undefined ? estimate.size : either(size, estimate.size)
      }
      this.noteParts(expr, overload)
      if (overload === 'index_list' || overload === 'index_map') {
        size = this.entriesOf(expr.args[0] as Expr)?.value
      }
      size ??= this.size(expr)
    }
    if (size !== undefined) this.sizes.set(expr.id, size)
    return plus(target?.cost ?? nothing, cost)
  }

  /** What is known of the parts of a call's result. */
  private noteParts(expr: Call, overload: string): void {
    const [first, second, third] = expr.args as [Expr, Expr, Expr]
    switch (overload) {
      case 'index_list':
        this.paths.set(expr.id, [...this.path(first), '@items'])
        return
      case 'index_map':
        this.paths.set(expr.id, [...this.path(first), '@values'])
        return
      case 'conditional':
        this.joinEntries(expr, second, third)
        return
      case 'add_list':
        this.joinEntries(expr, first, second)
        return
      default:
    }
  }

  private joinEntries(expr: Expr, a: Expr, b: Expr): void {
    const [mine, other] = [this.entriesOf(a), this.entriesOf(b)]
    if (mine === undefined || other === undefined) return
    const key = either(mine.key, other.key)
    this.entries.set(expr.id, { list: mine.list, key, value: either(mine.value, other.value) })
  }

  private argument(expr: Expr): Argument {
    const cost = this.cost(expr)
    const type = this.typeOf(expr)
    const path = this.path(expr)
    const rooted = path.length > 0 && path[0] !== accumulator
    return {
      type,
      cost,
      size: this.size(expr),
      itemSize: rooted ? this.declared([...path, '@items']) : undefined,
      literal: expr.kind === 'literal' ? expr.value : undefined,
    }
  }

  private copySizes(to: Expr, from: Expr): void {
    const [size, entries] = [this.size(from), this.entriesOf(from)]
    if (size !== undefined) this.sizes.set(to.id, size)
    if (entries !== undefined) this.entries.set(to.id, entries)
  }

  private entriesOf(expr: Expr): Entries | undefined {
    const known = this.entries.get(expr.id)
    if (known !== undefined || expr.kind !== 'ident') return known
    return this.local(expr.name)?.entries
  }

  private size(expr: Expr): Span | undefined {
    const known = this.sizes.get(expr.id) ?? literalSize(expr)
    if (known !== undefined) return known
    const declared = this.declared(this.path(expr))
    if (declared !== undefined) {
      this.sizes.set(expr.id, declared)
      return declared
    }
    if (isScalar(this.typeOf(expr))) return one
    return expr.kind === 'ident' ? this.local(expr.name)?.size : undefined
  }

  /** The size that the schema allows where a path leads. */
  private declared(path: Path): Span | undefined {
    const [variable, ...steps] = path
    if (variable === undefined || this.root === undefined) return undefined
    let here: DeclaredType | undefined = this.root
    for (const step of steps) {
      if (step === '@keys')
        return here?.item === undefined || here.type.kind !== 'map' ? undefined : nothing
      if (step === '@items' || step === '@values') here = here?.item
      else here = here?.fields?.get(step)
    }
    return here === undefined ? undefined : { min: 0, max: here.maxElements }
  }

  private fold(expr: Fold): Span {
    const before = plus(this.cost(expr.range), this.cost(expr.init))
    this.push(expr.accu, {
      path: this.path(expr.init),
      size: this.size(expr.init),
      entries: this.entriesOf(expr.init),
    })
    this.pushVariables(expr)
    const [condition, step] = [this.cost(expr.condition), this.cost(expr.step)]
    this.pop(expr.item)
    if (expr.second !== undefined) this.pop(expr.second)
    const result = this.cost(expr.result)
    this.pop(expr.accu)
    const count = this.size(expr.range) ?? unknown
    this.noteResult(expr, count)
    return plus(before, result, times(count, plus(step, condition)))
  }

  private noteResult(expr: Fold, count: Span): void {
    if (expr.init.kind === 'literal') {
      const size = this.size(expr.init)
      if (size !== undefined) this.sizes.set(expr.id, size)
      return
    }
    this.sizes.set(expr.id, count)
    const entries = this.entriesOf(expr.step)
    if (entries !== undefined) this.entries.set(expr.id, entries)
  }

  private pushVariables({ range, item, second }: Fold): void {
    const entries = this.entriesOf(range)
    const path = this.path(range)
    const list = entries?.list ?? this.typeOf(range).kind === 'list'
    const local = (step: string, size: Span | undefined): Local => ({
      path: [...path, step],
      size,
      entries: undefined,
    })
    const value = local(list ? '@items' : '@values', entries?.value)
    const key = local(list ? '@indices' : '@keys', entries?.key)
    if (second === undefined) this.push(item, list ? value : key)
    else {
      this.push(item, key)
      this.push(second, value)
    }
  }

  private binding(expr: Fold): Span {
    const before = plus(this.cost(expr.range), this.cost(expr.init))
    this.push(expr.accu, {
      path: this.path(expr.init),
      size: this.size(expr.init),
      entries: this.entriesOf(expr.init),
    })
    const result = this.cost(expr.result)
    this.pop(expr.accu)
    this.copySizes(expr, expr.result)
    return plus(before, result)
  }
}

/** A fold over nothing that only gives something a name. */
function isBinding({ range, condition, accu }: Fold): boolean {
  const empty = range.kind === 'list' && range.items.length === 0
  const never = condition.kind === 'literal' && condition.value === false
  return empty && never && accu !== accumulator
}

function literalSize(expr: Expr): Span | undefined {
  if (expr.kind === 'list') return fixed(expr.items.length)
  if (expr.kind === 'map') return fixed(expr.entries.length)
  if (expr.kind !== 'literal') return undefined
  const { value } = expr
  if (typeof value === 'string') return fixed(lengthOf(value))
  if (value instanceof Uint8Array && !(value instanceof Uint)) return fixed(value.length)
  return one
}

const scalars: readonly Type['kind'][] = ['bool', 'double', 'duration', 'int', 'timestamp', 'uint']

function isScalar(type: Type): boolean {
  const inside = insideOptional(type)
  return inside === undefined ? scalars.includes(type.kind) : isScalar(inside)
}
