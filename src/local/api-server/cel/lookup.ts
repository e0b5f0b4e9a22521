/** Looking into values by field, key or index. */
import { Uint } from './literal.ts'
import {
  type CelList,
  EvalError,
  isList,
  isMap,
  Optional,
  typeNameOf,
  type Value,
} from './values.ts'

/** What is there, or undefined. Throws an EvalError for a key that could never be one. */
export function find(operand: Value, key: Value): Value | undefined {
  if (isMap(operand)) return operand.get(key)
  return isList(operand) ? itemOf(operand, indexOf(key)) : undefined
}

/** Throws an EvalError when there is nothing. */
export function pick(operand: Value, key: Value): Value {
  const found = find(operand, key)
  if (found !== undefined) return found
  if (isList(operand)) throw new EvalError(`index out of bounds: ${indexOf(key)}`)
  throw new EvalError(`no such key: ${shownKey(key)}`)
}

/** What is not there is left out of an optional, not an error. */
export function findInOptional({ value }: Optional, key: Value): Optional {
  return new Optional(value === undefined ? undefined : find(value, key))
}

function itemOf(list: CelList, index: number): Value | undefined {
  return index >= 0 && index < list.size ? list.get(index) : undefined
}

function indexOf(key: Value): number {
  if (typeof key === 'bigint') return Number(key)
  if (key instanceof Uint) return Number(key.value)
  if (typeof key !== 'number') {
    throw new EvalError(`unsupported index type '${typeNameOf(key)}' in list`)
  }
  if (Number.isInteger(key)) return key
  throw new EvalError(`unsupported index value ${key} in list`)
}

function shownKey(key: Value): string {
  return typeof key === 'object' && key !== null && 'value' in key ? String(key.value) : String(key)
}
