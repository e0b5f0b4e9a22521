/** From one type to another. */
import type { Bodies } from '../functions.ts'
import { Uint } from '../literal.ts'
import { Duration, EvalError, Timestamp, TypeName, typeNameOf, type Value } from '../values.ts'
import { asInt, asTimestamp, asUint } from './arithmetic.ts'
import { parseDuration, parseTimestamp, shownDuration, shownTimestamp } from './time.ts'

const same = ([value]: readonly Value[]): Value => value as Value

const truths = new Set(['1', 't', 'true', 'TRUE', 'True'])
const lies = new Set(['0', 'f', 'false', 'FALSE', 'False'])

function textToBool([value]: readonly Value[]): Value {
  const text = value as string
  if (truths.has(text)) return true
  if (lies.has(text)) return false
  throw wrongText('bool')
}

const second = 1_000_000_000n

function doubleToInt([value]: readonly Value[]): Value {
  const number = value as number
  if (Number.isNaN(number) || number <= -(2 ** 63) || number >= 2 ** 63) {
    throw new EvalError('integer overflow')
  }
  return BigInt(Math.trunc(number))
}

function doubleToUint([value]: readonly Value[]): Value {
  const number = value as number
  if (Number.isNaN(number) || number < 0 || number >= 2 ** 64) {
    throw new EvalError('unsigned integer overflow')
  }
  return new Uint(BigInt(Math.trunc(number)))
}

function wrongText(type: string): EvalError {
  return new EvalError(`type conversion error from 'string' to '${type}'`)
}

function textToInt([value]: readonly Value[]): Value {
  const text = value as string
  if (!/^[+-]?\d+$/.test(text)) throw wrongText('int')
  const number = BigInt(text.replace(/^\+/, ''))
  if (number < -(2n ** 63n) || number >= 2n ** 63n) throw wrongText('int')
  return number
}

function textToUint([value]: readonly Value[]): Value {
  const text = value as string
  if (!/^\d+$/.test(text) || BigInt(text) >= 2n ** 64n) throw wrongText('uint')
  return new Uint(BigInt(text))
}

const doubleText = /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)$/i

function textToDouble([value]: readonly Value[]): Value {
  const text = value as string
  if (!doubleText.test(text)) throw wrongText('double')
  if (/inf/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  return /nan/i.test(text) ? Number.NaN : Number(text)
}

function bytesToText([value]: readonly Value[]): Value {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value as Uint8Array)
  } catch {
    throw new EvalError('invalid UTF-8 in bytes, cannot convert to string')
  }
}

/** As Go writes a double in its shortest form. */
export function shownDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  if (exponent >= -4 && exponent < 21) return Object.is(value, -0) ? '-0' : plainDouble(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}

function plainDouble(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text
}

export const conversionFunctions: Bodies = {
  type: ([value]) => new TypeName(typeNameOf(value as Value)),
  to_dyn: same,
  bool_to_bool: same,
  string_to_bool: textToBool,
  bytes_to_bytes: same,
  string_to_bytes: ([value]) => new Uint8Array(Buffer.from(value as string)),
  double_to_double: same,
  int64_to_double: ([value]) => Number(value as bigint),
  uint64_to_double: ([value]) => Number((value as Uint).value),
  string_to_double: textToDouble,
  duration_to_duration: same,
  int64_to_duration: ([value]) => new Duration(value as bigint),
  string_to_duration: ([value]) => parseDuration(value as string),
  int64_to_int64: same,
  double_to_int64: doubleToInt,
  duration_to_int64: ([value]) => (value as Duration).nanos,
  string_to_int64: textToInt,
  timestamp_to_int64: ([value]) => floorDivide((value as Timestamp).nanos, second),
  uint64_to_int64: ([value]) => asInt((value as Uint).value),
  string_to_string: same,
  bool_to_string: ([value]) => String(value),
  bytes_to_string: bytesToText,
  double_to_string: ([value]) => shownDouble(value as number),
  duration_to_string: ([value]) => shownDuration(value as Duration),
  int64_to_string: ([value]) => String(value),
  timestamp_to_string: ([value]) => shownTimestamp(value as Timestamp),
  uint64_to_string: ([value]) => String((value as Uint).value),
  timestamp_to_timestamp: same,
  int64_to_timestamp: ([value]) => asTimestamp((value as bigint) * second),
  string_to_timestamp: ([value]) => parseTimestamp(value as string),
  uint64_to_uint64: same,
  double_to_uint64: doubleToUint,
  int64_to_uint64: ([value]) => asUint(value as bigint),
  string_to_uint64: textToUint,
}

/** Rounds towards the past, also before 1970. */
function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}
