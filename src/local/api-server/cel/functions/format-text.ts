/** `"%s is %d".format([…])`: placeholders in a text and what fills them. */
import { Uint } from '../literal.ts'
import {
  Duration,
  EvalError,
  isList,
  isMap,
  itemsOf,
  Timestamp,
  TypeName,
  typeNameOf,
  type Value,
} from '../values.ts'
import { shownDouble } from './conversions.ts'
import { shownDuration, shownTimestamp } from './time.ts'

const placeholder = /%(?:%|(?:\.(\d+))?([a-zA-Z]?))/g

/** Throws an EvalError when arguments are too few or of the wrong type. */
export function formatted(text: string, args: readonly Value[]): string {
  let index = 0
  return text.replace(placeholder, (whole, precision: string | undefined, clause: string) => {
    if (whole === '%%') return '%'
    const at = index
    index += 1
    if (clause === '') throw new EvalError('unexpected end of string')
    const arg = args[at]
    if (arg === undefined) throw new EvalError(`index ${at} out of range`)
    return filled(clause, arg, precision === undefined ? 6 : Number(precision))
  })
}

function filled(clause: string, arg: Value, precision: number): string {
  switch (clause) {
    case 's':
      return shown(arg)
    case 'd':
      return decimal(arg)
    case 'f':
      return grouped(double(arg, clause), precision)
    case 'e':
      return scientific(double(arg, clause), precision)
    case 'b':
      if (typeof arg === 'boolean') return arg ? '1' : '0'
      return integer(arg, 'b', 'integer, or bool').toString(2)
    case 'o':
      return integer(arg, 'o', 'integer').toString(8)
    case 'x':
      return hex(arg)
    case 'X':
      return hex(arg).toUpperCase()
    default:
      throw new EvalError(
        `could not parse formatting clause: unrecognized formatting clause "${clause}"`,
      )
  }
}

/** As people write numbers in English. */
function grouped(value: number, precision: number): string {
  if (!Number.isFinite(value)) return unbounded(value)
  return value.toFixed(precision).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',')
}

const raised = '⁰¹²³⁴⁵⁶⁷⁸⁹'

function scientific(value: number, precision: number): string {
  if (!Number.isFinite(value)) return unbounded(value)
  const [mantissa, exponent = ''] = value.toExponential(precision).split('e')
  const digits = exponent.slice(1).padStart(2, '0')
  const shown = Array.from(digits, (digit) => raised[Number(digit)]).join('')
  return `${mantissa}×10${exponent.startsWith('-') ? '⁻' : ''}${shown}`
}

function unbounded(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞'
}

function wrong(clause: string, what: string, arg: Value): EvalError {
  return new EvalError(
    `error during formatting: ${what} clause can only be used on ${clause}, was given ${typeNameOf(arg)}`,
  )
}

function decimal(arg: Value): string {
  if (typeof arg === 'bigint') return String(arg)
  if (arg instanceof Uint) return String(arg.value)
  throw wrong('integers', 'decimal', arg)
}

function double(arg: Value, clause: 'e' | 'f'): number {
  if (typeof arg === 'number') return arg
  if (arg === 'NaN') return Number.NaN
  if (arg === 'Infinity') return Infinity
  if (arg === '-Infinity') return -Infinity
  throw wrong('doubles', clause === 'f' ? 'fixed-point' : 'scientific', arg)
}

function integer(arg: Value, clause: 'b' | 'o', kinds: string): bigint {
  if (typeof arg === 'bigint') return arg
  if (arg instanceof Uint) return arg.value
  throw wrong(
    kinds === 'integer' ? 'integers' : 'integers and bools',
    clause === 'b' ? 'binary' : 'octal',
    arg,
  )
}

function hex(arg: Value): string {
  if (typeof arg === 'bigint') return arg.toString(16)
  if (arg instanceof Uint) return arg.value.toString(16)
  if (typeof arg === 'string') return Buffer.from(arg).toString('hex')
  if (arg instanceof Uint8Array) return Buffer.from(arg).toString('hex')
  throw wrong('integers, byte buffers, and strings', 'hex', arg)
}

function shown(arg: Value): string {
  if (isList(arg)) return `[${itemsOf(arg).map(inner).join(', ')}]`
  if (isMap(arg)) {
    const entries = arg.keys().map((key) => `${inner(key)}:${inner(arg.get(key) ?? null)}`)
    return `{${entries.sort().join(', ')}}`
  }
  if (typeof arg === 'number') return shownDouble(arg)
  if (arg === null) return 'null'
  if (arg instanceof Uint) return String(arg.value)
  if (arg instanceof Uint8Array) return Buffer.from(arg).toString('utf8')
  if (arg instanceof Timestamp) return shownTimestamp(arg)
  if (arg instanceof Duration) return shownDuration(arg)
  if (arg instanceof TypeName) return arg.name
  if (typeof arg === 'object')
    throw wrong(
      'strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
      'string',
      arg,
    )
  return String(arg)
}

/** A value inside of a list or map, in the form of a literal. */
function inner(arg: Value): string {
  if (typeof arg === 'string') return JSON.stringify(arg)
  if (typeof arg === 'number')
    return Number.isFinite(arg) ? arg.toFixed(6) : `"${shownDouble(arg)}"`
  if (arg instanceof Uint8Array) return `b${JSON.stringify(shown(arg))}`
  if (arg instanceof Timestamp) return `timestamp("${shownTimestamp(arg)}")`
  if (arg instanceof Duration) return `duration("${shownDuration(arg)}")`
  return shown(arg)
}

const clauses = /%(?:%|(?:\.\d+)?([a-zA-Z]?))/g
const takes: Readonly<Record<string, readonly [types: RegExp, what: string, on: string]>> = {
  d: [/^u?int$/, 'decimal', 'integers'],
  f: [/^(double|string)$/, 'fixed-point', 'doubles'],
  e: [/^(double|string)$/, 'scientific', 'doubles'],
  b: [/^(u?int|bool)$/, 'binary', 'integers and bools'],
  o: [/^u?int$/, 'octal', 'integers'],
  x: [/^(u?int|bytes|string)$/, 'hex', 'integers, byte buffers, and strings'],
  X: [/^(u?int|bytes|string)$/, 'hex', 'integers, byte buffers, and strings'],
}

export type FormatFault = { readonly at: number | undefined; readonly message: string }

/** What is wrong with literal arguments, by their types; `at` is undefined where one is missing. */
export function formatFaults(text: string, types: readonly string[]): FormatFault[] {
  let index = 0
  return [...text.matchAll(clauses)].flatMap(([whole, clause = '']): FormatFault[] => {
    if (whole === '%%') return []
    const at = index
    index += 1
    const type = types[at]
    if (type === undefined) return [{ at: undefined, message: `index ${at} out of range` }]
    const wanted = takes[clause]
    if (wanted === undefined || type === 'dyn' || wanted[0].test(type)) return []
    const why = `${wanted[1]} clause can only be used on ${wanted[2]}, was given ${type}`
    return [{ at, message: `error during formatting: ${why}` }]
  })
}
