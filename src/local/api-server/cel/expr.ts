/** Expressions of the Common Expression Language (CEL) as trees. Macros are gone: they became folds. */
import type { Literal } from './literal.ts'

type Node = {
  /** Different for every node of a tree. */
  readonly id: number
  /** Where in the text the node is reported: of an operation, at its operator. In characters from 0. */
  readonly at: number
}

export type Call = Node & {
  readonly kind: 'call'
  /** `_+_`, `size`, … */
  readonly name: string
  readonly target: Expr | undefined
  readonly args: readonly Expr[]
}

export type Select = Node & {
  readonly kind: 'select'
  readonly operand: Expr
  readonly field: string
  /** `has(…)`: only whether the field is there. */
  readonly test: boolean
}

export type Ident = Node & { readonly kind: 'ident'; readonly name: string }

export type ListExpr = Node & {
  readonly kind: 'list'
  readonly items: readonly Expr[]
  /** Which of them are left out when they are optionals without a value. */
  readonly optional: ReadonlySet<number>
}

export type MapEntry = { readonly key: Expr; readonly value: Expr; readonly optional: boolean }

export type MapExpr = Node & { readonly kind: 'map'; readonly entries: readonly MapEntry[] }

/** `accu` begins as `init` and becomes `step` for every item of `range`, as long as `condition` holds. */
export type Fold = Node & {
  readonly kind: 'fold'
  readonly range: Expr
  readonly item: string
  /** The second variable; then the first one is an index or a key. */
  readonly second: string | undefined
  readonly accu: string
  readonly init: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

export type LiteralExpr = Node & { readonly kind: 'literal'; readonly value: Literal }

export type Expr = LiteralExpr | Ident | Select | Call | ListExpr | MapExpr | Fold

/** The name an accumulator has in all macros; nobody can spell it. */
export const accumulator = '@result'

/** `a.b.c` as a text, or undefined for anything else. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name
  if (expr.kind !== 'select' || expr.test) return undefined
  const prefix = qualifiedName(expr.operand)
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`
}
