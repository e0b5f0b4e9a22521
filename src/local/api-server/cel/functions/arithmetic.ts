/** Arithmetic, logic's negation, membership and sizes. */
import { same } from '../compare.ts'
import type { Bodies } from '../functions.ts'
import { Uint } from '../literal.ts'
import {
  type CelList,
  type CelMap,
  Duration,
  EvalError,
  listFrom,
  sizeOf,
  Timestamp,
  type Value,
} from '../values.ts'

const maxInt = 2n ** 63n - 1n
const minInt = -(2n ** 63n)
const maxUint = 2n ** 64n - 1n

/** Throws an EvalError for an integer that does not fit. */
export function asInt(value: bigint): bigint {
  if (value < minInt || value > maxInt) throw new EvalError('integer overflow')
  return value
}

export function asUint(value: bigint): Uint {
  if (value < 0n || value > maxUint) throw new EvalError('unsigned integer overflow')
  return new Uint(value)
}

function ints(step: (a: bigint, b: bigint) => bigint): (args: readonly Value[]) => Value {
  return ([a, b]) => asInt(step(a as bigint, b as bigint))
}

function uints(step: (a: bigint, b: bigint) => bigint): (args: readonly Value[]) => Value {
  return ([a, b]) => asUint(step((a as Uint).value, (b as Uint).value))
}

function doubles(step: (a: number, b: number) => number): (args: readonly Value[]) => Value {
  return ([a, b]) => step(a as number, b as number)
}

function divided(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new EvalError('division by zero')
  return a / b
}

function remainder(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new EvalError('modulus by zero')
  return a % b
}

function nanos(value: Value | undefined): bigint {
  return (value as Duration | Timestamp).nanos
}

const years = 315_576_000_000n * 1_000_000_000n

/** Throws an EvalError for a duration that does not fit. */
export function asDuration(value: bigint): Duration {
  if (value < minInt || value > maxInt) throw new EvalError('integer overflow')
  return new Duration(value)
}

/** Throws an EvalError for an instant outside of the years 1 to 9999. */
export function asTimestamp(value: bigint): Timestamp {
  if (value < -62_135_596_800_000_000_000n || value >= years) {
    throw new EvalError('timestamp overflow')
  }
  return new Timestamp(value)
}

function plusLists([first, second]: readonly Value[]): Value {
  const [a, b] = [first as CelList, second as CelList]
  if (a.rules !== undefined) return a.rules.plus(b)
  if (a.size === 0) return b
  if (b.size === 0) return a
  const get = (index: number): Value => (index < a.size ? a.get(index) : b.get(index - a.size))
  // Not too deep a tower of lists: whoever goes through one wants its items at once.
  const size = a.size + b.size
  return size > 64
    ? { kind: 'list', size, get }
    : listFrom(Array.from({ length: size }, (_, i) => get(i)))
}

function isIn([item, list]: readonly Value[]): Value {
  const { size, get } = list as CelList
  for (let index = 0; index < size; index += 1) {
    if (same(get(index), item as Value)) return true
  }
  return false
}

const size = ([value]: readonly Value[]): Value => BigInt(sizeOf(value as Value))

export const arithmeticFunctions: Bodies = {
  logical_not: ([value]) => !(value as boolean),
  add_int64: ints((a, b) => a + b),
  subtract_int64: ints((a, b) => a - b),
  multiply_int64: ints((a, b) => a * b),
  divide_int64: ints(divided),
  modulo_int64: ints(remainder),
  negate_int64: ([value]) => asInt(-(value as bigint)),
  add_uint64: uints((a, b) => a + b),
  subtract_uint64: uints((a, b) => a - b),
  multiply_uint64: uints((a, b) => a * b),
  divide_uint64: uints(divided),
  modulo_uint64: uints(remainder),
  add_double: doubles((a, b) => a + b),
  subtract_double: doubles((a, b) => a - b),
  multiply_double: doubles((a, b) => a * b),
  divide_double: doubles((a, b) => a / b),
  negate_double: ([value]) => -(value as number),
  add_string: ([a, b]) => `${a as string}${b as string}`,
  add_bytes: ([a, b]) => new Uint8Array(Buffer.concat([a as Uint8Array, b as Uint8Array])),
  add_list: plusLists,
  add_duration_duration: ([a, b]) => asDuration(nanos(a) + nanos(b)),
  add_duration_timestamp: ([a, b]) => asTimestamp(nanos(a) + nanos(b)),
  add_timestamp_duration: ([a, b]) => asTimestamp(nanos(a) + nanos(b)),
  subtract_duration_duration: ([a, b]) => asDuration(nanos(a) - nanos(b)),
  subtract_timestamp_duration: ([a, b]) => asTimestamp(nanos(a) - nanos(b)),
  subtract_timestamp_timestamp: ([a, b]) => asDuration(nanos(a) - nanos(b)),
  in_list: isIn,
  in_map: ([key, map]) => (map as CelMap).get(key as Value) !== undefined,
  size_bytes: size,
  bytes_size: size,
  size_list: size,
  list_size: size,
  size_map: size,
  map_size: size,
  size_string: size,
  string_size: size,
}
