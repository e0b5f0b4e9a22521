/** Which values are equal, and which comes first. */
import { Uint } from './literal.ts'
import {
  type CelList,
  type CelMap,
  Duration,
  Extension,
  isList,
  isMap,
  noOverload,
  Optional,
  Timestamp,
  TypeName,
  type Value,
} from './values.ts'

/** Numbers are equal across their types; values of other types are not. */
export function same(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return orderOfNumbers(a, b) === 0
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (a instanceof Uint8Array) return b instanceof Uint8Array && orderOfBytes(a, b) === 0
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof TypeName) return b instanceof TypeName && a.name === b.name
  if (a instanceof Optional) return b instanceof Optional && sameOptionals(a, b)
  if (a instanceof Extension) {
    return b instanceof Extension && a.typeName === b.typeName && a.equals(b)
  }
  if (isList(a)) return isList(b) && sameLists(a, b)
  return isMap(a) && isMap(b) && sameMaps(a, b)
}

function sameOptionals(a: Optional, b: Optional): boolean {
  if (a.value === undefined || b.value === undefined) return a.value === b.value
  return same(a.value, b.value)
}

function sameLists(a: CelList, b: CelList): boolean {
  if (a.size !== b.size) return false
  if (a.rules !== undefined) return a.rules.equals(b)
  for (let index = 0; index < a.size; index += 1) {
    if (!same(a.get(index), b.get(index))) return false
  }
  return true
}

function sameMaps(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false
  return a.keys().every((key) => {
    const [mine, other] = [a.get(key), b.get(key)]
    if (mine === undefined || other === undefined) return mine === other
    return same(mine, other)
  })
}

/** Negative, zero or positive. Throws an EvalError for values that have no order. */
export function order(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) return orderOfNumbers(a, b)
  if (typeof a === 'string' && typeof b === 'string') return orderOfTexts(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return orderOfBytes(a, b)
  const timed =
    (a instanceof Timestamp && b instanceof Timestamp) ||
    (a instanceof Duration && b instanceof Duration)
  if (timed) return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0
  throw noOverload()
}

function isNumber(value: Value): value is bigint | number | Uint {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint
}

/** NaN is not equal to anything, and comes after everything. */
function orderOfNumbers(a: bigint | number | Uint, b: bigint | number | Uint): number {
  const [x, y] = [plain(a), plain(b)]
  return x < y ? -1 : x == y ? 0 : 1 // eslint-disable-line eqeqeq
}

function plain(value: bigint | number | Uint): bigint | number {
  return value instanceof Uint ? value.value : value
}

/** By the bytes of their UTF-8, as Go compares texts. */
function orderOfTexts(a: string, b: string): number {
  if (a === b) return 0
  return orderOfBytes(Buffer.from(a), Buffer.from(b))
}

function orderOfBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}
