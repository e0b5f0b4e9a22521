/** An expression of PromQL, as far as it is evaluated here. Durations and offsets in milliseconds. */

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string'

export type MatchOp = '=' | '!=' | '=~' | '!~'

export type Matcher = {
  readonly name: string
  readonly op: MatchOp
  readonly value: string
  readonly test: (value: string) => boolean
}

export type Selector = {
  readonly kind: 'selector'
  readonly matchers: readonly Matcher[]
  readonly offsetMs: number
  /** Present on a range vector. */
  readonly rangeMs?: number
}

export type AggregateOp =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'quantile'
  | 'topk'
  | 'bottomk'

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^'
export type ComparisonOp = '==' | '!=' | '<' | '<=' | '>' | '>='
export type SetOp = 'and' | 'or' | 'unless'
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp

export type Matching = {
  /** `on` keeps only these labels, `ignoring` leaves them out. */
  readonly on: boolean
  readonly labels: readonly string[]
  readonly card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many'
  /** Labels taken over from the "one" side. */
  readonly include: readonly string[]
}

export type Binary = {
  readonly kind: 'binary'
  readonly op: BinaryOp
  readonly left: Expr
  readonly right: Expr
  readonly bool: boolean
  readonly matching: Matching
}

export type Aggregate = {
  readonly kind: 'aggregate'
  readonly op: AggregateOp
  readonly of: Expr
  readonly param: Expr | undefined
  readonly without: boolean
  readonly labels: readonly string[]
}

export type Call = {
  readonly kind: 'call'
  readonly name: string
  readonly args: readonly Expr[]
}

export type Expr =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | Selector
  | Call
  | Aggregate
  | Binary
  | { readonly kind: 'negate'; readonly of: Expr }

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>='])

export function isComparison(op: BinaryOp): op is ComparisonOp {
  return comparisons.has(op)
}

export function isSet(op: BinaryOp): op is SetOp {
  return op === 'and' || op === 'or' || op === 'unless'
}

/** A query that cannot be read: the 400 of Prometheus, with its position `LINE:COLUMN`. */
export class ParseError extends Error {
  override readonly name = 'ParseError'

  constructor(query: string, at: number, message: string) {
    const before = query.slice(0, at).split('\n')
    super(`${before.length}:${(before.at(-1)?.length ?? 0) + 1}: parse error: ${message}`)
  }
}

/** A query that was read but whose evaluation has no answer: the 422 of Prometheus. */
export class ExecutionError extends Error {
  override readonly name = 'ExecutionError'
}
