/** What a call may cost at most, and how large its result may be, by the sizes of what it is given. */
import { either, fixed, nothing, plus, type Span, scaled, times, unknown } from './span.ts'
import type { Type } from './types.ts'

/** An argument as far as it is known without a value. */
export type Argument = {
  readonly type: Type
  readonly cost: Span
  /** Undefined when nothing bounds it. */
  readonly size: Span | undefined
  /** Of its items, when it is a list whose items are known. */
  readonly itemSize: Span | undefined
  /** Of a literal. */
  readonly literal: unknown
}

export type Estimate = { readonly cost: Span; readonly size?: Span }

const traversal = 0.1
const perRegex = 0.25
const one = fixed(1)
const sizeOf = (argument: Argument | undefined): Span => argument?.size ?? unknown

/** `target` is that of a member. The costs of arguments are in the result, that of the target is not. */
export function callEstimate(
  name: string,
  overload: string,
  target: Argument | undefined,
  args: readonly Argument[],
): Estimate {
  const before = plus(...args.map(({ cost }) => cost))
  const found = sets(overload, args) ?? library(name, overload, target, args)
  if (found !== undefined) return { ...found, cost: plus(found.cost, before) }
  return standard(overload, target, args, before)
}

const setFactors: Readonly<Record<string, number>> = {
  list_sets_contains_list: 1,
  list_sets_intersects_list: 1,
  list_sets_equivalent_list: 2,
}

function sets(overload: string, [a, b]: readonly Argument[]): Estimate | undefined {
  const factor = setFactors[overload]
  if (factor === undefined) return undefined
  return { cost: plus(scaled(times(sizeOf(a), sizeOf(b)), factor), one) }
}

const nominal = new Set(
  (
    'serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength ' +
    'family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign ' +
    'asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch getScheme ' +
    'getHostname getHost getPort getEscapedPath getQuery'
  ).split(' '),
)
const parsing = new Set(['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver'])

/** The functions Kubernetes adds. */
function library(
  name: string,
  overload: string,
  target: Argument | undefined,
  args: readonly Argument[],
): Estimate | undefined {
  const [first] = args
  if (nominal.has(name)) return { cost: one }
  if (parsing.has(name) && first !== undefined) return { cost: scaled(sizeOf(first), traversal) }
  switch (name) {
    case 'check':
      return { cost: fixed(350_000) }
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return target === undefined ? undefined : { cost: perItem(target) }
    case 'url':
      return { cost: scaled(sizeOf(first), traversal), size: sizeOf(first) }
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return { cost: scaled(sizeOf(target), traversal), size: sizeOf(target) }
    case 'replace':
      return replaced(sizeOf(target), sizeOf(first), sizeOf(args[1]))
    case 'split':
      return split(sizeOf(target), args[1])
    case 'join':
      return joined(target, first)
    case 'find':
    case 'findAll': {
      const size = { min: 0, max: sizeOf(target).max }
      return { cost: matching(sizeOf(target), sizeOf(first)), size }
    }
    case 'ip':
      return { cost: overload === 'cidr_ip' ? one : scaled(sizeOf(first), traversal) }
    case 'ip.isCanonical':
      return { cost: scaled(sizeOf(first), 2 * traversal) }
    case 'containsIP':
    case 'containsCIDR':
      return { cost: contained(name, overload, sizeOf(first)) }
    case 'validate':
      return { cost: scaled(scaled(sizeOf(first), traversal), 128 * perRegex) }
    case '_==_':
      return equality(args)
    default:
      return undefined
  }
}

function perItem(target: Argument): Span {
  const { type } = target
  if (type.kind !== 'list') return scaled(sizeOf(target), traversal)
  const long = type.item.kind === 'string' || type.item.kind === 'bytes'
  const item = long ? plus(one, scaled(target.itemSize ?? unknown, traversal)) : one
  return times(sizeOf(target), item)
}

function matching(text: Span, pattern: Span): Span {
  return times(scaled(plus(text, one), traversal), scaled(pattern, perRegex))
}

function replaced(size: Span, from: Span, to: Span): Estimate {
  let [count, kept] = [
    { min: 0, max: 0 },
    { min: 0, max: 0 },
  ]
  if (from.min === 0) {
    count = { ...count, max: size.max + 1 }
    kept = { ...kept, max: size.max }
  } else if (to.max <= from.min) kept = { ...kept, max: size.max }
  else count = { ...count, max: Math.ceil(size.max / from.min) }
  if (from.max === 0) {
    count = { ...count, min: size.min + 1 }
    kept = { ...kept, min: size.min }
  } else if (from.max <= to.min) kept = { ...kept, min: size.min }
  else count = { ...count, min: Math.ceil(size.min / from.max) }
  return { cost: scaled(size, 2 * traversal), size: plus(times(count, to), kept) }
}

function split(size: Span, limit: Argument | undefined): Estimate {
  const most = typeof limit?.literal === 'bigint' ? Number(limit.literal) : size.max
  return { cost: scaled(size, 2 * traversal), size: { min: 0, max: Math.max(0, most) } }
}

function joined(target: Argument | undefined, separator: Argument | undefined): Estimate {
  const count = sizeOf(target)
  let size = target?.type.kind === 'list' ? times(count, target.itemSize ?? unknown) : nothing
  if (separator !== undefined) {
    const between = { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) }
    size = plus(size, times(sizeOf(separator), between))
  }
  return { cost: scaled(size, traversal), size }
}

function contained(name: string, overload: string, other: Span): Span {
  const bytes = { min: 4, max: 16 }
  const base = scaled(plus(bytes, bytes), traversal)
  const parsed = overload.endsWith('_string') ? scaled(other, traversal) : nothing
  const masked = name === 'containsCIDR' ? plus(scaled(bytes, traversal), one) : nothing
  return plus(base, masked, parsed)
}

function equality([a, b]: readonly Argument[]): Estimate | undefined {
  if (a?.type.kind !== 'opaque' || b?.type.kind !== 'opaque') return undefined
  if (a.type.name !== b.type.name) return undefined
  switch (a.type.name) {
    case 'net.IP':
    case 'net.CIDR':
    case 'kubernetes.Quantity':
    case 'kubernetes.Semver':
      return { cost: one }
    case 'kubernetes.NamedFormat':
      return { cost: scaled({ min: 1, max: 64 }, traversal) }
    case 'kubernetes.URL':
      return { cost: scaled({ min: 1, max: b.size?.max ?? 1 }, traversal) }
    default:
      return undefined
  }
}

const comparing = /^(equals|not_equals|(less|greater)(_equals)?_(string|bytes))$/

/** The functions of the language. `before` is what the arguments cost. */
function standard(
  overload: string,
  target: Argument | undefined,
  args: readonly Argument[],
  before: Span,
): Estimate {
  const [first, second, third] = args
  const size = sizeOf(first)
  switch (overload) {
    case 'string_format':
      return { cost: plus(scaled(sizeOf(target), traversal), before) }
    case 'string_to_bytes':
      return withSize(size, before, { min: size.min, max: size.max * 4 })
    case 'bytes_to_string':
      return withSize(size, before, { min: Math.floor(size.min / 4), max: size.max })
    case 'strings_quote':
      return withSize(size, before, { min: size.min + 2, max: size.max * 2 + 2 })
    case 'starts_with_string':
    case 'ends_with_string':
      return { cost: plus(scaled(size, traversal), before) }
    case 'in_list':
      return { cost: plus(sizeOf(second), before) }
    case 'matches_string':
      return { cost: plus(matching(sizeOf(target), size), before) }
    case 'contains_string': {
      const [text, part] = [scaled(sizeOf(target), traversal), scaled(size, traversal)]
      return { cost: plus(times(text, part), before) }
    }
    case 'logical_and':
    case 'logical_or':
      return { cost: { min: first?.cost.min ?? 0, max: before.max } }
    case 'conditional': {
      const branch = either(second?.cost ?? nothing, third?.cost ?? nothing)
      const cost = plus(first?.cost ?? nothing, branch)
      return { cost, size: either(sizeOf(second), sizeOf(third)) }
    }
    case 'add_list':
      return { cost: plus(one, before), size: plus(size, sizeOf(second)) }
    case 'add_string':
    case 'add_bytes':
      return withSize(plus(size, sizeOf(second)), before, plus(size, sizeOf(second)))
    default:
      if (comparing.test(overload)) return { cost: plus(compared(size, sizeOf(second)), before) }
      return { cost: plus(one, before) }
  }
}

function withSize(traversed: Span, before: Span, size: Span): Estimate {
  return { cost: plus(scaled(traversed, traversal), before), size }
}

function compared(a: Span, b: Span): Span {
  const max = Math.min(a.max, b.max)
  return scaled({ min: max > 0 ? 1 : 0, max }, traversal)
}
