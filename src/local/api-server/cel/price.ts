/** What a call costs when it is made, in the units Kubernetes counts in. */
import { Extension, isList, isMap, itemsOf, sizeOf, type Value } from './values.ts'

const traversal = 0.1
const perRegex = 0.25
const listCost = 10
/** Of one requirement of a selector: a struct and a list of values. */
const requirementCost = 50

/** Calls that cost as much as their first argument is long. */
const traversing = new Set([
  'url',
  'lowerAscii',
  'upperAscii',
  'substring',
  'trim',
  'cidr',
  'isIP',
  'isCIDR',
  'quantity',
  'isQuantity',
  'semver',
  'isSemver',
])
const traversingTwice = new Set(['replace', 'split', 'ip.isCanonical'])
const perItem = new Set(['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'])
const byFirst = new Set([
  'starts_with_string',
  'ends_with_string',
  'string_to_bytes',
  'bytes_to_string',
  'strings_quote',
  'string_format',
])
const setFactors: Readonly<Record<string, number>> = {
  list_sets_contains_list: 1,
  list_sets_intersects_list: 1,
  list_sets_equivalent_list: 2,
}

const along = (size: number, factor = traversal): number => Math.ceil(size * factor)

export function actualCost(
  name: string,
  overload: string,
  args: readonly Value[],
  result: Value,
): number {
  const [first = null, second = null] = args
  const size = sizeOf(first)
  if (perItem.has(name)) return deepCost(first)
  if (traversing.has(name)) return along(size)
  if (traversingTwice.has(name)) return along(size, 2 * traversal)
  if (byFirst.has(overload)) return along(size)
  const factor = setFactors[overload]
  if (factor !== undefined) return Math.ceil(size * sizeOf(second) * factor) + 1
  switch (name) {
    case 'join':
      return along(sizeOf(result), 2 * traversal)
    case 'find':
    case 'findAll':
    case 'matches':
      return along(1 + size) * along(sizeOf(second), perRegex)
    case 'contains':
      return along(size) * along(sizeOf(second))
    case 'ip':
      return overload === 'cidr_ip' ? 1 : along(size)
    case 'containsIP':
      return along(2 * size) + (overload.endsWith('_string') ? along(sizeOf(second)) : 0)
    case 'containsCIDR': {
      const parsing = overload.endsWith('_string') ? along(sizeOf(second)) : 0
      return along(2 * size) + along(size) + 1 + parsing
    }
    case 'validate':
      return along(1 + sizeOf(second)) * along(size, perRegex)
    case 'check':
      return 350_000
    case 'fieldSelector':
    case 'labelSelector': {
      const length = sizeOf(second)
      return listCost + along(length) + Math.ceil(length / 2) * requirementCost
    }
    default:
      return commonCost(overload, first, second)
  }
}

function commonCost(overload: string, first: Value, second: Value): number {
  switch (overload) {
    case 'in_list':
      return sizeOf(second)
    case 'equals':
    case 'not_equals':
    case 'less_string':
      if (first instanceof Extension) return 1
      return along(Math.min(sizeOf(first), sizeOf(second)))
    case 'add_string':
    case 'add_bytes':
      return along(sizeOf(first) + sizeOf(second))
    default:
      return 1
  }
}

/** Of everything inside a value. */
function deepCost(value: Value): number {
  if (typeof value === 'string' || value instanceof Uint8Array) {
    return Math.floor(sizeOf(value) * traversal)
  }
  if (isList(value)) return itemsOf(value).reduce((sum: number, one) => sum + deepCost(one), 0)
  if (!isMap(value)) return 1
  return value
    .keys()
    .reduce((sum: number, key) => sum + deepCost(key) + deepCost(value.get(key) ?? null), 0)
}
