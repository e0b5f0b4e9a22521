/** Binary operators between scalars and instant vectors, with vector matching. */
import {
  type ArithmeticOp,
  type Binary,
  type BinaryOp,
  type ComparisonOp,
  ExecutionError,
  isComparison,
  isSet,
  type Matching,
  type SetOp,
} from './ast.ts'
import { metricName } from './matchers.ts'
import { labelKey, type SeriesLabels } from './store.ts'
import {
  type Element,
  keep,
  labelText,
  unique,
  type Value,
  without,
  withoutName,
} from './values.ts'

type Operation = Pick<Binary, 'op' | 'bool' | 'matching'>

export function binary(operation: Operation, left: Value, right: Value): Value {
  const { op } = operation
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    return { kind: 'scalar', value: number(op, left.value, right.value) }
  }
  if (left.kind === 'vector' && right.kind === 'vector') {
    const elements = isSet(op)
      ? setOperation(op, left.elements, right.elements, operation.matching)
      : matched(operation, left.elements, right.elements)
    return { kind: 'vector', elements }
  }
  if (left.kind === 'vector' && right.kind === 'scalar') {
    return withScalar(operation, left.elements, (v) => [v, right.value])
  }
  if (left.kind === 'scalar' && right.kind === 'vector') {
    return withScalar(operation, right.elements, (v) => [left.value, v])
  }
  throw new ExecutionError('operands of a binary operator are scalars or instant vectors')
}

function withScalar(
  { op, bool }: Operation,
  elements: readonly Element[],
  operands: (v: number) => readonly [number, number],
): Value {
  const results = elements.flatMap((element): Element[] => {
    const [a, b] = operands(element.v)
    const result = number(op, a, b)
    // A comparison filters: what passes keeps its own value and name.
    if (isComparison(op) && !bool) return result === 1 ? [element] : []
    return [{ ...element, labels: withoutName(element.labels), v: result }]
  })
  return { kind: 'vector', elements: unique(results) }
}

function matched(
  { op, bool, matching }: Operation,
  left: readonly Element[],
  right: readonly Element[],
): readonly Element[] {
  // Where nothing can match, nobody looks whether it could match twice.
  if (left.length === 0 || right.length === 0) return []
  // One-to-many is many-to-one with the sides exchanged; operands and kept value stay as written.
  const swapped = matching.card === 'one-to-many'
  const [many, one] = swapped ? [right, left] : [left, right]
  const signature = signatureOf(matching)
  const partners = uniqueSide(one, matching, swapped ? 'left' : 'right')
  const seen = new Set<string>()

  return many.flatMap((element): Element[] => {
    const key = signature(element.labels)
    const partner = partners.get(key)
    if (partner === undefined) return []
    const [a, b] = swapped ? [partner.v, element.v] : [element.v, partner.v]
    const result = number(op, a, b)
    const filters = isComparison(op) && !bool
    if (filters && result !== 1) return []
    const labels = resultLabels(element.labels, partner.labels, matching, !filters)
    remember(seen, matching.card === 'one-to-one' ? key : `${key}${labelKey(labels)}`, matching)
    return [{ labels, v: filters ? a : result, t: element.t }]
  })
}

function remember(seen: Set<string>, key: string, { card }: Matching): void {
  if (seen.has(key)) {
    throw new ExecutionError(
      card === 'one-to-one'
        ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
        : 'multiple matches for labels: grouping labels must ensure unique matches',
    )
  }
  seen.add(key)
}

function uniqueSide(
  elements: readonly Element[],
  matching: Matching,
  side: 'left' | 'right',
): ReadonlyMap<string, Element> {
  const signature = signatureOf(matching)
  const found = new Map<string, Element>()
  for (const element of elements) {
    const key = signature(element.labels)
    const other = found.get(key)
    if (other !== undefined) {
      const group = labelText(matchLabels(element.labels, matching))
      throw new ExecutionError(
        `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ` +
          `[${labelText(element.labels)}, ${labelText(other.labels)}];` +
          'many-to-many matching not allowed: matching labels must be unique on one side',
      )
    }
    found.set(key, element)
  }
  return found
}

function resultLabels(
  many: SeriesLabels,
  one: SeriesLabels,
  matching: Matching,
  dropName: boolean,
): SeriesLabels {
  const named = dropName ? withoutName(many) : many
  if (matching.card === 'one-to-one') {
    return matching.on ? keep(named, matching.labels) : without(named, matching.labels)
  }
  return { ...without(named, matching.include), ...keep(one, matching.include) }
}

function setOperation(
  op: SetOp,
  left: readonly Element[],
  right: readonly Element[],
  matching: Matching,
): readonly Element[] {
  const signature = signatureOf(matching)
  const signatures = (side: readonly Element[]): ReadonlySet<string> =>
    new Set(side.map(({ labels }) => signature(labels)))
  if (op === 'or') {
    const taken = signatures(left)
    return [...left, ...right.filter(({ labels }) => !taken.has(signature(labels)))]
  }
  const there = signatures(right)
  return left.filter(({ labels }) => there.has(signature(labels)) === (op === 'and'))
}

function signatureOf(matching: Matching): (labels: SeriesLabels) => string {
  return (labels) => labelKey(matchLabels(labels, matching))
}

function matchLabels(labels: SeriesLabels, { on, labels: names }: Matching): SeriesLabels {
  return on ? keep(labels, names) : without(labels, [...names, metricName])
}

function number(op: BinaryOp, a: number, b: number): number {
  if (isSet(op)) throw new ExecutionError(`set operator "${op}" needs instant vectors`)
  return isComparison(op) ? Number(compare(op, a, b)) : arithmetic(op, a, b)
}

function arithmetic(op: ArithmeticOp, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '%':
      return a % b
    case '^':
      // Go's math.Pow(1, NaN) and (±1, ±Inf) are 1, where JavaScript has NaN.
      return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b
  }
}

function compare(op: ComparisonOp, a: number, b: number): boolean {
  switch (op) {
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
  }
}
