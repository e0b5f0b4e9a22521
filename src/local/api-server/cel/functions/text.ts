/** Functions on texts. Positions count characters. */
import type { Bodies } from '../functions.ts'
import { type CelList, EvalError, itemsOf, listFrom, type Value } from '../values.ts'
import { formatted } from './format-text.ts'

const characters = (text: Value | undefined): string[] => Array.from(text as string)

function outOfRange(index: bigint): EvalError {
  return new EvalError(`index out of range: ${index}`)
}

function charAt([text, at]: readonly Value[]): Value {
  const all = characters(text)
  const index = at as bigint
  if (index < 0n || index > BigInt(all.length)) throw outOfRange(index)
  return all[Number(index)] ?? ''
}

function indexOf([text, part, from = 0n]: readonly Value[]): Value {
  const start = from as bigint
  if (part === '') return start
  const [all, wanted] = [characters(text), characters(part)]
  if (start < 0n) throw outOfRange(start)
  for (let index = Number(start); index + wanted.length <= all.length; index += 1) {
    if (wanted.every((one, offset) => all[index + offset] === one)) return BigInt(index)
  }
  return -1n
}

function lastIndexOf([text, part, from]: readonly Value[]): Value {
  const [all, wanted] = [characters(text), characters(part)]
  if (part === '') return from === undefined ? BigInt(all.length) : (from as bigint)
  if (from === undefined && all.length < wanted.length) return -1n
  const start = (from as bigint | undefined) ?? BigInt(all.length - 1)
  if (start < 0n) throw outOfRange(start)
  if (start >= BigInt(all.length)) return -1n
  for (let index = Math.min(Number(start), all.length - wanted.length); index >= 0; index -= 1) {
    if (wanted.every((one, offset) => all[index + offset] === one)) return BigInt(index)
  }
  return -1n
}

function replace([text, old, made, count = -1n]: readonly Value[]): Value {
  const left = count as bigint
  const most = left < 0n ? Number.POSITIVE_INFINITY : Number(left)
  return replaceSome(text as string, old as string, made as string, most)
}

function replaceSome(text: string, from: string, to: string, count: number): string {
  if (from === '') {
    // Before every character and at the end.
    const all = Array.from(text)
    const made = all.map((one, index) => (index < count ? `${to}${one}` : one))
    return made.join('') + (all.length < count ? to : '')
  }
  const parts = text.split(from)
  const whole = parts.slice(0, Number.isFinite(count) ? count + 1 : undefined)
  const rest = Number.isFinite(count) ? parts.slice(count + 1) : []
  return [whole.join(to), ...rest].join(from)
}

function split([text, separator, count = -1n]: readonly Value[]): Value {
  const [whole, between] = [text as string, separator as string]
  const limit = Number(count as bigint)
  if (limit === 0) return listFrom([])
  const parts = between === '' ? Array.from(whole) : whole.split(between)
  if (limit < 0 || parts.length <= limit) return listFrom(parts)
  return listFrom([...parts.slice(0, limit - 1), parts.slice(limit - 1).join(between)])
}

function substring([text, from, to]: readonly Value[]): Value {
  const all = characters(text)
  const start = from as bigint
  const end = (to as bigint | undefined) ?? BigInt(all.length)
  if (to !== undefined && start > end) {
    throw new EvalError(`invalid substring range. start: ${start}, end: ${end}`)
  }
  for (const index of [start, end]) {
    if (index < 0n || index > BigInt(all.length)) throw outOfRange(index)
  }
  return all.slice(Number(start), Number(end)).join('')
}

const blanks = /^[\s\u0085]+|[\s\u0085]+$/g

const escapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

function quoted([text]: readonly Value[]): Value {
  const inner = characters(text).map((one) => escapes[one] ?? one)
  return `"${inner.join('')}"`
}

function joined([list, separator = '']: readonly Value[]): Value {
  const items = itemsOf(list as CelList)
  const wrong = items.find((one) => typeof one !== 'string')
  if (wrong !== undefined) throw new EvalError(`join: invalid input: ${String(wrong)}`)
  return items.join(separator as string)
}

export const textFunctions: Bodies = {
  contains_string: ([text, part]) => (text as string).includes(part as string),
  ends_with_string: ([text, part]) => (text as string).endsWith(part as string),
  starts_with_string: ([text, part]) => (text as string).startsWith(part as string),
  string_char_at_int: charAt,
  string_index_of_string: indexOf,
  string_index_of_string_int: indexOf,
  string_last_index_of_string: lastIndexOf,
  string_last_index_of_string_int: lastIndexOf,
  string_lower_ascii: ([text]) => (text as string).replace(/[A-Z]+/g, (part) => part.toLowerCase()),
  string_upper_ascii: ([text]) => (text as string).replace(/[a-z]+/g, (part) => part.toUpperCase()),
  string_replace_string_string: replace,
  string_replace_string_string_int: replace,
  string_split_string: split,
  string_split_string_int: split,
  string_substring_int: substring,
  string_substring_int_int: substring,
  string_trim: ([text]) => (text as string).replace(blanks, ''),
  string_format: ([text, list]) => formatted(text as string, itemsOf(list as CelList)),
  strings_quote: quoted,
  list_join: joined,
  list_join_string: joined,
}
