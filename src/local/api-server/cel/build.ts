/** Makes the nodes of expressions, each with a number of its own. */
import {
  accumulator,
  type Call,
  type Expr,
  type Fold,
  type Ident,
  type ListExpr,
  type LiteralExpr,
  type MapEntry,
  type MapExpr,
  type Select,
} from './expr.ts'
import type { Literal } from './literal.ts'

const none: ReadonlySet<number> = new Set()

export class Builder {
  private last = 0

  private head(at: number): { id: number; at: number } {
    this.last += 1
    return { id: this.last, at }
  }

  literal(at: number, value: Literal): LiteralExpr {
    return { ...this.head(at), kind: 'literal', value }
  }

  ident(at: number, name: string): Ident {
    return { ...this.head(at), kind: 'ident', name }
  }

  accu(at: number): Ident {
    return this.ident(at, accumulator)
  }

  select(at: number, operand: Expr, field: string, test = false): Select {
    return { ...this.head(at), kind: 'select', operand, field, test }
  }

  call(at: number, name: string, ...args: Expr[]): Call {
    return { ...this.head(at), kind: 'call', name, target: undefined, args }
  }

  member(at: number, target: Expr, name: string, ...args: Expr[]): Call {
    return { ...this.head(at), kind: 'call', name, target, args }
  }

  list(at: number, items: readonly Expr[], optional: ReadonlySet<number> = none): ListExpr {
    return { ...this.head(at), kind: 'list', items, optional }
  }

  map(at: number, entries: readonly MapEntry[]): MapExpr {
    return { ...this.head(at), kind: 'map', entries }
  }

  fold(at: number, parts: Omit<Fold, 'at' | 'id' | 'kind'>): Fold {
    return { ...this.head(at), kind: 'fold', ...parts }
  }

  /** The same tree with other numbers. */
  copy(expr: Expr): Expr {
    const head = this.head(expr.at)
    const copies = (list: readonly Expr[]): Expr[] => list.map((one) => this.copy(one))
    switch (expr.kind) {
      case 'literal':
      case 'ident':
        return { ...expr, ...head }
      case 'select':
        return { ...expr, ...head, operand: this.copy(expr.operand) }
      case 'call': {
        const target = expr.target === undefined ? undefined : this.copy(expr.target)
        return { ...expr, ...head, target, args: copies(expr.args) }
      }
      case 'list':
        return { ...expr, ...head, items: copies(expr.items) }
      case 'map': {
        const entries = expr.entries.map(({ key, value, optional }) => ({
          key: this.copy(key),
          value: this.copy(value),
          optional,
        }))
        return { ...expr, ...head, entries }
      }
      case 'fold':
        return {
          ...expr,
          ...head,
          range: this.copy(expr.range),
          init: this.copy(expr.init),
          condition: this.copy(expr.condition),
          step: this.copy(expr.step),
          result: this.copy(expr.result),
        }
    }
  }
}
