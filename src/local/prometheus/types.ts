/** Type-checks a parsed expression, in the words of Prometheus. */
import type { Binary, Expr, ValueType } from './ast.ts'
import { isComparison, isSet } from './ast.ts'
import { signatures } from './signatures.ts'

const names: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
}

export function typeName(type: ValueType): string {
  return names[type]
}

/** Told what is wrong with an expression; throws. */
export type Fail = (message: string) => never

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar'
    case 'string':
      return 'string'
    case 'selector':
      return expr.rangeMs === undefined ? 'vector' : 'matrix'
    case 'call':
      return signatures[expr.name]?.returns ?? 'vector'
    case 'aggregate':
      return 'vector'
    case 'negate':
      return typeOf(expr.of)
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector'
  }
}

/** Checks one node whose children have been checked already. */
export function check(expr: Expr, fail: Fail): void {
  switch (expr.kind) {
    case 'call':
      return checkCall(expr.name, expr.args, fail)
    case 'aggregate':
      expect(expr.of, 'vector', 'aggregation expression', fail)
      if (expr.param !== undefined) {
        expect(expr.param, 'scalar', 'aggregation parameter', fail)
      }
      return
    case 'negate': {
      const type = typeOf(expr.of)
      if (type === 'scalar' || type === 'vector') return
      return fail(
        `unary expression only allowed on expressions of type scalar or instant vector, got "${typeName(type)}"`,
      )
    }
    case 'binary':
      return checkBinary(expr, fail)
    default:
      return
  }
}

function checkCall(name: string, args: readonly Expr[], fail: Fail): void {
  const signature = signatures[name]
  if (signature === undefined) return fail(`unknown function with name "${name}"`)
  const most = signature.args.length
  const least = most - signature.optional
  if (args.length < least || args.length > most) {
    const bound = most === least ? '' : args.length < least ? 'at least ' : 'at most '
    const wanted = args.length < least ? least : most
    return fail(`expected ${bound}${wanted} argument(s) in call to "${name}", got ${args.length}`)
  }
  args.forEach((arg, index) => {
    expect(arg, signature.args[index] ?? 'scalar', `call to function "${name}"`, fail)
  })
}

function checkBinary({ op, left, right, bool, matching }: Binary, fail: Fail): void {
  const types = [typeOf(left), typeOf(right)]
  const scalars = types.filter((type) => type === 'scalar').length
  if (types.some((type) => type !== 'scalar' && type !== 'vector')) {
    return fail('binary expression must contain only scalar and instant vector types')
  }
  if (bool && !isComparison(op))
    return fail('bool modifier can only be used on comparison operators')
  if (isComparison(op) && !bool && scalars === 2) {
    return fail('comparisons between scalars must use BOOL modifier')
  }
  if (isSet(op) && scalars > 0) {
    return fail(`set operator "${op}" not allowed in binary scalar expression`)
  }
  if (scalars > 0 && (matching.on || matching.labels.length > 0)) {
    return fail('vector matching only allowed between instant vectors')
  }
  const grouped = matching.card === 'many-to-one' || matching.card === 'one-to-many'
  if (isSet(op) && grouped) return fail(`no grouping allowed for "${op}" operation`)
  const twice = matching.on && matching.include.find((label) => matching.labels.includes(label))
  if (twice) return fail(`label "${twice}" must not occur in ON and GROUP clause at once`)
}

function expect(expr: Expr, wanted: ValueType, where: string, fail: Fail): void {
  const type = typeOf(expr)
  if (type !== wanted) {
    fail(`expected type ${typeName(wanted)} in ${where}, got ${typeName(type)}`)
  }
}
