/**
 * From the text of a query to an expression, by the official grammar. What the grammar knows but is not evaluated here
 * is refused, so that no query is ever answered with a wrong number.
 */
import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import {
  type AggregateOp,
  type BinaryOp,
  type Expr,
  isSet,
  type Matching,
  ParseError,
  type Selector,
} from './ast.ts'
import { parseDuration, parseNumber, unquote } from './literals.ts'
import { parseMatchers } from './matchers.ts'
import { check } from './types.ts'

/** The aggregations that are evaluated. */
export const aggregates: ReadonlySet<string> = new Set<AggregateOp>([
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'group',
  'quantile',
  'topk',
  'bottomk',
])
const withParameter: ReadonlySet<string> = new Set(['quantile', 'topk', 'bottomk'])

/** @throws ParseError, in the words of Prometheus where it has any. */
export function parseQuery(query: string): Expr {
  if (query.trim() === '') throw new ParseError(query, 0, 'no expression found in input')
  const { text, root } = parsed(query)
  const wrong = firstError(root)
  if (wrong !== undefined) throw syntaxError(text, wrong)
  const top = root.firstChild
  if (top === null) throw new ParseError(query, 0, 'no expression found in input')
  return reader(text)(top)
}

/**
 * The grammar lets an offset follow a whole calculation or a sign, and then reads on as if it stood in parentheses. It
 * belongs to the selector right before it, so these get them.
 */
function parsed(query: string): { readonly text: string; readonly root: SyntaxNode } {
  let text = query
  for (;;) {
    const root = parser.parse(text).topNode
    const loose = looseOffset(root)
    if (loose === undefined) return { text, root }
    const { from, to } = loose
    const before = text.slice(0, from)
    // There, parentheses would be the list of labels.
    const list = /\bgroup_(left|right)\s*$/i.test(before) ? '() ' : ''
    text = `${before}${list}(${text.slice(from, to)})${text.slice(to)}`
  }
}

const calculations: ReadonlySet<string> = new Set(['BinaryExpr', 'UnaryExpr'])
const selectors: ReadonlySet<string> = new Set(['VectorSelector', 'MatrixSelector'])

/** Where a selector and its offset stand that the grammar did not take for one. */
function looseOffset(node: SyntaxNode): { from: number; to: number } | undefined {
  if (node.name === 'OffsetExpr' && calculations.has(node.firstChild?.name ?? '')) {
    let last = node.firstChild
    while (last !== null && calculations.has(last.name)) last = last.lastChild
    if (last !== null && selectors.has(last.name)) return { from: last.from, to: node.to }
  }
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    const found = looseOffset(child)
    if (found !== undefined) return found
  }
  return undefined
}

/** A plain selector, as `match[]` takes it. @throws ParseError for anything else. */
export function parseSelector(query: string): Selector {
  const expr = parseQuery(query)
  if (expr.kind === 'selector' && expr.rangeMs === undefined && expr.offsetMs === 0) return expr
  throw new ParseError(query, 0, 'only a plain selector is allowed here')
}

function firstError(node: SyntaxNode): SyntaxNode | undefined {
  if (node.type.isError) return node
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    const found = firstError(child)
    if (found !== undefined) return found
  }
  return undefined
}

function syntaxError(query: string, { from, to }: SyntaxNode): ParseError {
  // The grammar knows the functions by name: an unknown one shows as a name before a stray parenthesis.
  const called = /([A-Za-z_][A-Za-z0-9_:]*)\s*$/.exec(query.slice(0, from))
  if (called !== null && query[from] === '(') {
    const message = `unknown function with name "${called[1]}"`
    return new ParseError(query, called.index, message)
  }
  if (from >= query.trimEnd().length) return new ParseError(query, from, 'unexpected end of input')
  return new ParseError(query, from, `unexpected "${query.slice(from, Math.max(to, from + 1))}"`)
}

function reader(query: string): (node: SyntaxNode) => Expr {
  const text = (node: SyntaxNode): string => query.slice(node.from, node.to)
  const failAt = (node: SyntaxNode, message: string): never => {
    throw new ParseError(query, node.from, message)
  }
  const checked = (node: SyntaxNode, expr: Expr): Expr => {
    check(expr, (message) => failAt(node, message))
    return expr
  }
  const duration = (node: SyntaxNode): number => {
    const digits = text(node).replace(/^\s*[+-]\s*/, '')
    const ms = parseDuration(digits) ?? secondsToMs(parseNumber(digits))
    if (ms === undefined) return failAt(node, `bad or unsupported duration "${text(node)}"`)
    return /^\s*-/.test(text(node)) ? -ms : ms
  }

  const read = (node: SyntaxNode): Expr => {
    switch (node.name) {
      case 'ParenExpr':
        return read(only(node))
      case 'NumberDurationLiteral': {
        const value = parseNumber(text(node))
        return value === undefined
          ? failAt(node, `bad number or duration syntax: "${text(node)}"`)
          : { kind: 'number', value }
      }
      case 'StringLiteral':
        return { kind: 'string', value: unquote(text(node)) ?? failAt(node, 'bad string escape') }
      case 'VectorSelector':
        return {
          kind: 'selector',
          matchers: parseMatchers(node, text, failAt),
          offsetMs: 0,
        }
      case 'MatrixSelector':
        return range(node)
      case 'OffsetExpr':
        return offset(node)
      case 'UnaryExpr':
        return unary(node)
      case 'FunctionCall':
        return call(node)
      case 'AggregateExpr':
        return aggregate(node)
      case 'BinaryExpr':
        return binary(node)
      case 'SubqueryExpr':
        return failAt(node, 'subqueries are not evaluated here')
      case 'StepInvariantExpr':
        return failAt(node, 'the @ modifier is not evaluated here')
      default:
        return failAt(node, `${node.name} is not evaluated here`)
    }
  }

  const range = (node: SyntaxNode): Expr => {
    const [inner, length] = childrenOf(node)
    if (inner === undefined || length === undefined) return failAt(node, 'missing range')
    const of = read(inner)
    if (inner.name !== 'VectorSelector' || of.kind !== 'selector') {
      return failAt(node, 'ranges only allowed for vector selectors')
    }
    const rangeMs = duration(length)
    if (rangeMs <= 0) return failAt(length, 'duration must be greater than 0')
    return { ...of, rangeMs }
  }

  const offset = (node: SyntaxNode): Expr => {
    const [inner, , amount] = childrenOf(node)
    if (inner === undefined || amount === undefined) return failAt(node, 'missing offset')
    const of = read(inner)
    if (of.kind === 'selector' && of.offsetMs === 0) return { ...of, offsetMs: duration(amount) }
    return failAt(
      node,
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    )
  }

  const unary = (node: SyntaxNode): Expr => {
    const [sign, inner] = childrenOf(node)
    if (sign === undefined || inner === undefined) return failAt(node, 'missing operand')
    const of = read(inner)
    const negated = checked(node, { kind: 'negate', of })
    return text(sign) === '-' ? negated : of
  }

  const call = (node: SyntaxNode): Expr => {
    const [identifier, body] = childrenOf(node)
    const name = identifier === undefined ? '' : text(identifier)
    const args = body === undefined ? [] : childrenOf(body).map(read)
    return checked(node, { kind: 'call', name, args })
  }

  const aggregate = (node: SyntaxNode): Expr => {
    const children = childrenOf(node)
    const op = text(children[0] ?? node).toLowerCase()
    if (!aggregates.has(op)) return failAt(node, `unknown function with name "${op}"`)
    const body = children.find(({ name }) => name === 'FunctionCallBody')
    const modifier = children.find(({ name }) => name === 'AggregateModifier')
    const args = body === undefined ? [] : childrenOf(body).map(read)
    const wanted = withParameter.has(op) ? 2 : 1
    const of = args[wanted - 1]
    if (args.length !== wanted || of === undefined) {
      return failAt(
        node,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      )
    }
    return checked(node, {
      kind: 'aggregate',
      op: op as AggregateOp,
      of,
      param: wanted === 2 ? args[0] : undefined,
      without: modifier?.firstChild?.name === 'Without',
      labels: modifier === undefined ? [] : groupingLabels(modifier.lastChild),
    })
  }

  const binary = (node: SyntaxNode): Expr => {
    const children = childrenOf(node)
    const [first, last] = [children[0], children.at(-1)]
    const operator = children[1]
    if (first === undefined || last === undefined || operator === undefined) {
      return failAt(node, 'missing operand')
    }
    const op = text(operator).toLowerCase()
    const unknown = children.find(({ name }) => /Fill/.test(name))
    if (op === 'atan2' || unknown !== undefined) {
      return failAt(unknown ?? operator, `${text(unknown ?? operator)} is not evaluated here`)
    }
    const clause = children.find(({ name }) => name === 'MatchingModifierClause')
    // The grammar takes the sign of a number for a part of it; in Prometheus the power binds tighter.
    const left = read(first)
    const isNegated = op === '^' && left.kind === 'number' && text(first).startsWith('-')
    const made = checked(node, {
      kind: 'binary',
      op: op as BinaryOp,
      left: isNegated ? { ...left, value: -left.value } : left,
      right: read(last),
      bool: children.some(({ name }) => name === 'BoolModifier'),
      matching: matchingOf(clause, op as BinaryOp),
    })
    return isNegated ? { kind: 'negate', of: made } : made
  }

  const matchingOf = (clause: SyntaxNode | undefined, op: BinaryOp): Matching => {
    const parts = clause === undefined ? [] : childrenOf(clause)
    const lists = parts.filter(({ name }) => name === 'GroupingLabels')
    const has = (name: string): boolean => parts.some((part) => part.name === name)
    const card = has('GroupLeft')
      ? 'many-to-one'
      : has('GroupRight')
        ? 'one-to-many'
        : isSet(op)
          ? 'many-to-many'
          : 'one-to-one'
    return {
      on: has('On'),
      labels: groupingLabels(lists[0] ?? null),
      card,
      include: groupingLabels(lists[1] ?? null),
    }
  }

  const groupingLabels = (list: SyntaxNode | null): readonly string[] =>
    list === null
      ? []
      : childrenOf(list).map((label) =>
          label.name === 'QuotedLabelName' ? (unquote(text(label)) ?? '') : text(label),
        )

  return read
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return seconds === undefined || !Number.isFinite(seconds) ? undefined : seconds * 1000
}

function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const found: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') found.push(child)
  }
  return found
}

function only(node: SyntaxNode): SyntaxNode {
  return childrenOf(node)[0] ?? node
}
