/** Values at run time. Integers are bigints, doubles are numbers; everything else that JSON has not is a class here. */
import { Uint } from './literal.ts'

/** Something that can be asked for by index. */
export type CelList = {
  readonly kind: 'list'
  readonly size: number
  /** `index` is one of the list's. */
  readonly get: (index: number) => Value
  /** What `==` and `+` mean where order does not count; absent for common lists. */
  readonly rules?: ListRules
}

export type ListRules = {
  readonly equals: (other: CelList) => boolean
  readonly plus: (other: CelList) => CelList
}

/** Something that can be asked for by key. */
export type CelMap = {
  readonly kind: 'map'
  readonly size: number
  readonly keys: () => readonly Value[]
  /** Undefined for a key that is not there. */
  readonly get: (key: Value) => Value | undefined
}

export class Timestamp {
  /** Since the Unix epoch. */
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class Duration {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class Optional {
  /** Undefined for one without a value. */
  readonly value: Value | undefined

  constructor(value: Value | undefined) {
    this.value = value
  }
}

/** The name of a type, as a value. */
export class TypeName {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** A value of one of Kubernetes' own libraries. */
export abstract class Extension {
  /** As the type is called in expressions. */
  abstract readonly typeName: string
  /** For what is measured by size. */
  abstract readonly size: number
  abstract equals(other: Extension): boolean
}

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | CelList
  | CelMap
  | Duration
  | Extension
  | Optional
  | Timestamp
  | TypeName

/** An expression that has no value; `&&` and `||` may do without it. */
export class EvalError extends Error {}

export function noOverload(): EvalError {
  return new EvalError('no such overload')
}

export function isList(value: Value): value is CelList {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'list'
}

export function isMap(value: Value): value is CelMap {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'map'
}

export function listFrom(items: readonly Value[]): CelList {
  return { kind: 'list', size: items.length, get: (index) => items[index] as Value }
}

export function itemsOf(list: CelList): Value[] {
  return Array.from({ length: list.size }, (_, index) => list.get(index))
}

/** Numbers that are equal are one key, whatever their type. */
function keyText(key: Value): string {
  if (key instanceof Uint) return `n${key.value}`
  if (typeof key === 'number' || typeof key === 'bigint') return `n${key}`
  return `${typeof key}${String(key)}`
}

export function mapFrom(entries: readonly (readonly [Value, Value])[]): CelMap {
  const found = new Map(entries.map((entry) => [keyText(entry[0]), entry] as const))
  return {
    kind: 'map',
    size: found.size,
    keys: () => [...found.values()].map(([key]) => key),
    get: (key) => found.get(keyText(key))?.[1],
  }
}

/** The size of what has one: characters, bytes, items; 1 for everything else. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return lengthOf(value)
  if (value instanceof Uint8Array) return value.length
  if (value instanceof Optional) return value.value === undefined ? 1 : sizeOf(value.value)
  if (value instanceof Extension || isList(value) || isMap(value)) return value.size
  return 1
}

/** Characters, not units of UTF-16. */
export function lengthOf(text: string): number {
  let length = text.length
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit >= 0xd800 && unit < 0xdc00) length -= 1
  }
  return length
}

/** The name of a value's type, as `type()` gives it. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
    default:
      return objectTypeName(value)
  }
}

function objectTypeName(value: Value): string {
  if (value === null) return 'null_type'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof Optional) return 'optional_type'
  if (value instanceof TypeName) return 'type'
  if (value instanceof Extension) return value.typeName
  return isList(value) ? 'list' : 'map'
}
