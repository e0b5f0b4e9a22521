/** Values of a request as expressions see them, by what their schema says. Read only where an expression looks. */
import { equal, isObject, type Value as Json, type Obj } from '#core/schema/json.ts'
import { fieldSchema, type Schema } from '#core/schema/schema.ts'
import { same } from './compare.ts'
import { parseDuration, parseTimestamp } from './functions/time.ts'
import { escaped, unescaped, withMetadata } from './schema-type.ts'
import {
  type CelList,
  type CelMap,
  Duration,
  EvalError,
  Extension,
  itemsOf,
  listFrom,
  noOverload,
  type Value,
} from './values.ts'

/** Throws an EvalError when the value is not what the schema says. */
export function valueOf(json: Json, schema: Schema, resource: boolean): Value {
  if (json === null) return null
  if (schema['x-kubernetes-int-or-string'] === true) return textOrInt(json)
  if (Array.isArray(json)) return listOf(json, schema)
  if (isObject(json)) return objectOf(json, resource ? withMetadata(schema) : schema)
  if (typeof json === 'number') return schema.type === 'number' ? json : integer(json)
  return typeof json === 'string' ? textOf(json, schema.format) : json
}

/** A value nothing is known of: integers are integers, everything else is as it is. */
export function anyValue(json: Json | undefined): Value {
  if (json === undefined || json === null) return null
  if (Array.isArray(json)) return lazyList(json.length, (index) => anyValue(json[index]))
  if (!isObject(json)) return typeof json === 'number' ? integer(json) : json
  return {
    kind: 'map',
    size: Object.keys(json).length,
    keys: () => Object.keys(json),
    get: (key) => {
      if (typeof key !== 'string' || !Object.hasOwn(json, key)) return undefined
      return anyValue(json[key])
    },
  }
}

function integer(value: number): bigint | number {
  return Number.isInteger(value) ? BigInt(value) : value
}

function textOrInt(json: Json): Value {
  if (typeof json === 'string') return json
  if (typeof json === 'number' && Number.isInteger(json)) return BigInt(json)
  throw new EvalError('invalid data, expected XIntOrString value to be either a string or integer')
}

function textOf(text: string, format: string | undefined): Value {
  switch (format) {
    case 'byte':
      return new Uint8Array(Buffer.from(text, 'base64'))
    case 'date':
      return parseTimestamp(`${text}T00:00:00Z`)
    case 'date-time':
      return parseTimestamp(text)
    case 'duration':
      return durationOf(text)
    default:
      return text
  }
}

const words: Readonly<Record<string, bigint>> = {
  ns: 1n,
  nano: 1n,
  us: 1000n,
  µs: 1000n,
  micro: 1000n,
  ms: 1_000_000n,
  milli: 1_000_000n,
  s: 1_000_000_000n,
  sec: 1_000_000_000n,
  m: 60_000_000_000n,
  min: 60_000_000_000n,
  h: 3_600_000_000_000n,
  hr: 3_600_000_000_000n,
  hour: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  day: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  wk: 604_800_000_000_000n,
  week: 604_800_000_000_000n,
}

/** Also in words and with days: `2 days`, `1w`. */
function durationOf(text: string): Duration {
  try {
    return parseDuration(text)
  } catch (error) {
    let total = 0n
    for (const [, count, unit = ''] of text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)) {
      const short = unit
        .toLowerCase()
        .replace(/(seconds?|utes?)$/, '')
        .replace(/(.{2,})s$/, '$1')
      const nanos = words[unit] ?? words[short]
      if (nanos === undefined) throw error
      total += BigInt(count as string) * nanos
    }
    return new Duration(total)
  }
}

function lazyList(size: number, read: (index: number) => Value): CelList {
  return { kind: 'list', size, get: read }
}

function listOf(json: readonly Json[], schema: Schema): CelList {
  const { items = {} } = schema
  const get = (index: number): Value =>
    valueOf(json[index] as Json, items, items['x-kubernetes-embedded-resource'] === true)
  const list = lazyList(json.length, get)
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return setOf(list)
    case 'map':
      return mapListOf(list, (schema['x-kubernetes-list-map-keys'] ?? []).map(spelt))
    default:
      return list
  }
}

function spelt(name: string): string {
  return escaped(name) ?? name
}

/** A list in which order does not count. */
function setOf(list: CelList): CelList {
  const has = (item: Value): boolean => itemsOf(list).some((one) => same(one, item))
  return {
    ...list,
    rules: {
      equals: (other) => list.size === other.size && itemsOf(other).every(has),
      plus: (other) =>
        setOf(listFrom([...itemsOf(list), ...itemsOf(other).filter((one) => !has(one))])),
    },
  }
}

/** A list whose items are known by some of their fields. */
function mapListOf(list: CelList, keys: readonly string[]): CelList {
  const sameKey = (a: Value, b: Value): boolean =>
    keys.every((key) => {
      const [x, y] = [fieldOf(a, key), fieldOf(b, key)]
      return x === undefined || y === undefined ? x === y : same(x, y)
    })
  const find = (item: Value): Value | undefined => itemsOf(list).find((one) => sameKey(one, item))
  return {
    ...list,
    rules: {
      equals: (other) =>
        list.size === other.size &&
        itemsOf(other).every((item) => {
          const mine = find(item)
          return mine !== undefined && same(mine, item)
        }),
      plus: (other) => {
        const added = itemsOf(other)
        const merged = itemsOf(list).map(
          (one) => added.findLast((item) => sameKey(one, item)) ?? one,
        )
        const fresh = added.filter((item) => find(item) === undefined)
        return mapListOf(listFrom([...merged, ...fresh]), keys)
      },
    },
  }
}

function fieldOf(value: Value, key: string): Value | undefined {
  return value !== null && typeof value === 'object' && 'keys' in value
    ? (value as CelMap).get(key)
    : undefined
}

function objectOf(json: Obj, schema: Schema): CelMap {
  const typed = schema.properties !== undefined
  const get = (key: Value): Value | undefined => {
    if (typeof key !== 'string') throw noOverload()
    const field = typed ? unescaped(key) : key
    const item = Object.hasOwn(json, field) ? json[field] : undefined
    const described = fieldSchema(schema, field)
    if (item === undefined || described === undefined) return undefined
    // In an object with fields of its own, null is as good as nothing.
    if (item === null && typed) return undefined
    if (isHidden(described)) return new Hidden(item)
    return valueOf(item, described, described['x-kubernetes-embedded-resource'] === true)
  }
  const keys = Object.keys(json)
    .filter((key) => fieldSchema(schema, key) !== undefined)
    .map((key) => (typed ? spelt(key) : key))
  return { kind: 'map', size: Object.keys(json).length, keys: () => keys, get }
}

function isHidden(schema: Schema): boolean {
  return schema.type === undefined && schema['x-kubernetes-preserve-unknown-fields'] === true
}

/** What is kept without being known: nothing can be said of it but whether it is the same. */
class Hidden extends Extension {
  readonly typeName = 'unknown'
  readonly size = 1
  private readonly json: Json

  constructor(json: Json) {
    super()
    this.json = json
  }

  equals(other: Extension): boolean {
    return other instanceof Hidden && equal(this.json, other.json)
  }
}
