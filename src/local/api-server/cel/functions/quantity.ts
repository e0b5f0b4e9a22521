/** Quantities of Kubernetes: `500m`, `1Gi`. */
import { nanoValue, quantityError } from '../../builtin/quantity.ts'
import type { Bodies } from '../functions.ts'
import { EvalError, Extension, type Value } from '../values.ts'

class Quantity extends Extension {
  readonly typeName = 'kubernetes.Quantity'
  readonly size = 1
  readonly nanos: bigint

  constructor(nanos: bigint) {
    super()
    this.nanos = nanos
  }

  equals(other: Extension): boolean {
    return other instanceof Quantity && other.nanos === this.nanos
  }
}

const one = 1_000_000_000n
const nanos = (value: Value | undefined): bigint => (value as Quantity).nanos

function read([text]: readonly Value[]): Value {
  const found = nanoValue(text as string)
  if (found === undefined) throw new EvalError(quantityError)
  return new Quantity(found)
}

function isInteger([value]: readonly Value[]): boolean {
  const whole = nanos(value) / one
  return nanos(value) % one === 0n && whole < 2n ** 63n && whole >= -(2n ** 63n)
}

function asInteger(args: readonly Value[]): Value {
  if (!isInteger(args)) throw new EvalError('cannot convert value to integer')
  return nanos(args[0]) / one
}

function sign(value: bigint): bigint {
  return value < 0n ? -1n : value > 0n ? 1n : 0n
}

export const quantityFunctions: Bodies = {
  string_to_quantity: read,
  is_quantity_string: ([text]) => nanoValue(text as string) !== undefined,
  quantity_sign: ([value]) => sign(nanos(value)),
  quantity_is_greater_than: ([a, b]) => nanos(a) > nanos(b),
  quantity_is_less_than: ([a, b]) => nanos(a) < nanos(b),
  quantity_compare_to: ([a, b]) => sign(nanos(a) - nanos(b)),
  quantity_get_float: ([value]) => Number(nanos(value)) / Number(one),
  quantity_get_int: asInteger,
  quantity_is_integer: isInteger,
  quantity_add: ([a, b]) => new Quantity(nanos(a) + nanos(b)),
  quantity_add_int: ([a, b]) => new Quantity(nanos(a) + (b as bigint) * one),
  quantity_sub: ([a, b]) => new Quantity(nanos(a) - nanos(b)),
  quantity_sub_int: ([a, b]) => new Quantity(nanos(a) - (b as bigint) * one),
}
