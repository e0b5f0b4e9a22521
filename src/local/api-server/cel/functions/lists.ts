/** Functions on lists, sets and optionals. */
import { order, same } from '../compare.ts'
import type { Bodies, Body } from '../functions.ts'
import { Uint } from '../literal.ts'
import { standardFunctions } from '../signatures.ts'
import {
  type CelList,
  type CelMap,
  Duration,
  EvalError,
  isList,
  isMap,
  itemsOf,
  listFrom,
  mapFrom,
  Optional,
  type Value,
} from '../values.ts'
import { asDuration, asInt, asUint } from './arithmetic.ts'

const items = (list: Value | undefined): Value[] => itemsOf(list as CelList)

function isSorted([list]: readonly Value[]): Value {
  const all = items(list)
  return all.every((one, index) => index === 0 || order(all[index - 1] as Value, one) <= 0)
}

function extreme(name: string, sign: number): Body {
  return ([list]) => {
    const all = items(list)
    if (all.length === 0) throw new EvalError(`${name} called on empty list`)
    return all.reduce((best, one) => (order(one, best) * sign > 0 ? one : best))
  }
}

function sum(zero: Value, plus: (a: Value, b: Value) => Value): Body {
  return ([list]) => items(list).reduce(plus, zero)
}

const sums: Bodies = {
  list_int_sum_int: sum(0n, (a, b) => asInt((a as bigint) + (b as bigint))),
  list_uint_sum_uint: sum(new Uint(0n), (a, b) => asUint((a as Uint).value + (b as Uint).value)),
  list_double_sum_double: sum(0, (a, b) => (a as number) + (b as number)),
  list_duration_sum_duration: sum(new Duration(0n), (a, b) =>
    asDuration((a as Duration).nanos + (b as Duration).nanos),
  ),
}

/** The same body for every type there is an overload for. */
function forAll(name: string, body: Body): Bodies {
  const overloads = standardFunctions().get(name) ?? []
  return Object.fromEntries(overloads.map(({ id }) => [id, body]))
}

function containsAll(list: Value | undefined, wanted: Value | undefined): boolean {
  const all = items(list)
  return items(wanted).every((one) => all.some((other) => same(other, one)))
}

function isZero(value: Value): boolean {
  if (value === null || value === false || value === '' || value === 0n || value === 0) return true
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof Duration) return value.nanos === 0n
  if (value instanceof Uint8Array) return value.length === 0
  return (isList(value) || isMap(value)) && value.size === 0
}

function unwrapped([list]: readonly Value[]): Value {
  const found = items(list).flatMap((one) => {
    if (!(one instanceof Optional)) throw new EvalError('value is not optional')
    return one.value === undefined ? [] : [one.value]
  })
  return listFrom(found)
}

function valueOf([optional]: readonly Value[]): Value {
  const { value } = optional as Optional
  if (value === undefined) throw new EvalError('optional.none() dereference')
  return value
}

function entriesOf(map: CelMap): [Value, Value][] {
  return map.keys().map((key) => [key, map.get(key) ?? null])
}

function inserted(map: CelMap, added: readonly [Value, Value][]): Value {
  for (const [key] of added) {
    if (map.get(key) !== undefined) {
      throw new EvalError(`insert failed: key ${String(key)} already exists`)
    }
  }
  return mapFrom([...entriesOf(map), ...added])
}

const firstOf = (list: Value | undefined, index: number): Value =>
  new Optional(items(list).at(index))

export const listFunctions: Bodies = {
  ...forAll('isSorted', isSorted),
  ...forAll('max', extreme('max', 1)),
  ...forAll('min', extreme('min', -1)),
  ...sums,
  list_a_index_of_int: ([list, item]) =>
    BigInt(items(list).findIndex((one) => same(one, item as Value))),
  list_a_last_index_of_int: ([list, item]) =>
    BigInt(items(list).findLastIndex((one) => same(one, item as Value))),
  list_sets_contains_list: ([list, wanted]) => containsAll(list, wanted),
  list_sets_equivalent_list: ([a, b]) => containsAll(a, b) && containsAll(b, a),
  list_sets_intersects_list: ([a, b]) => {
    const other = items(b)
    return items(a).some((one) => other.some((two) => same(one, two)))
  },
  list_first: ([list]) => firstOf(list, 0),
  list_last: ([list]) => firstOf(list, -1),
  optional_of: ([value]) => new Optional(value as Value),
  optional_ofNonZeroValue: ([value]) =>
    new Optional(isZero(value as Value) ? undefined : (value as Value)),
  optional_none: () => new Optional(undefined),
  optional_unwrap: unwrapped,
  optional_unwrapOpt: unwrapped,
  optional_value: valueOf,
  optional_hasValue: ([optional]) => (optional as Optional).value !== undefined,
  '@mapInsert_map_key_value': ([map, key, value]) =>
    inserted(map as CelMap, [[key as Value, value as Value]]),
  '@mapInsert_map_map': ([map, more]) => inserted(map as CelMap, entriesOf(more as CelMap)),
}
