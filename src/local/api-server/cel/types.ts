/** The types of CEL, and which may stand for which. */

export type ObjectType = {
  readonly kind: 'object'
  readonly name: string
  /** Undefined for one that nobody can look into. */
  readonly fields: ReadonlyMap<string, Type> | undefined
}

type Scalar =
  | 'bool'
  | 'bytes'
  | 'double'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'int'
  | 'null'
  | 'string'
  | 'timestamp'
  | 'uint'

export type Type =
  | { readonly kind: Scalar }
  | { readonly kind: 'list'; readonly item: Type }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type }
  | ObjectType
  /** `optional_type(T)`, and the types of Kubernetes' own libraries. */
  | { readonly kind: 'opaque'; readonly name: string; readonly params: readonly Type[] }
  | { readonly kind: 'type'; readonly of: Type }
  /** A type that is still open; another name for each use of a function. */
  | { readonly kind: 'param'; readonly name: string }

export const dyn: Type = { kind: 'dyn' }
export const error: Type = { kind: 'error' }
export const bool: Type = { kind: 'bool' }
export const int: Type = { kind: 'int' }
export const text: Type = { kind: 'string' }

export const listOf = (item: Type): Type => ({ kind: 'list', item })
export const mapOf = (key: Type, value: Type): Type => ({ kind: 'map', key, value })
export const param = (name: string): Type => ({ kind: 'param', name })
/** An object whose fields nobody can look at. */
export const unopened = (name: string): ObjectType => ({ kind: 'object', name, fields: undefined })
export const opaque = (name: string, ...params: Type[]): Type => ({ kind: 'opaque', name, params })

const optionalName = 'optional_type'
export const optionalOf = (value: Type): Type => opaque(optionalName, value)

/** The type inside of an optional, or undefined for any other type. */
export function insideOptional(type: Type): Type | undefined {
  return type.kind === 'opaque' && type.name === optionalName ? type.params[0] : undefined
}

export function isDynOrError({ kind }: Type): boolean {
  return kind === 'dyn' || kind === 'error'
}

/** A type as error messages show it. */
export function shownType(type: Type): string {
  switch (type.kind) {
    case 'list':
      return `list(${shownType(type.item)})`
    case 'map':
      return `map(${shownType(type.key)}, ${shownType(type.value)})`
    case 'opaque':
      return type.params.length === 0
        ? type.name
        : `${type.name}(${type.params.map(shownType).join(', ')})`
    case 'type':
      return `type(${shownType(type.of)})`
    case 'object':
    case 'param':
      return type.name
    case 'error':
      return '!error!'
    default:
      return type.kind
  }
}

/** The types a type is made of. */
export function partsOf(type: Type): readonly Type[] {
  switch (type.kind) {
    case 'list':
      return [type.item]
    case 'map':
      return [type.key, type.value]
    case 'opaque':
      return type.params
    case 'type':
      return [type.of]
    default:
      return []
  }
}

/** The same type of other parts. */
export function withParts(type: Type, parts: readonly Type[]): Type {
  const [first = dyn, second = dyn] = parts
  switch (type.kind) {
    case 'list':
      return listOf(first)
    case 'map':
      return mapOf(first, second)
    case 'opaque':
      return opaque(type.name, ...parts)
    case 'type':
      return { kind: 'type', of: first }
    default:
      return type
  }
}

/** Whether two types are one. Objects are known by their names. */
export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true
  if (a.kind !== b.kind || nameOf(a) !== nameOf(b)) return false
  const [mine, other] = [partsOf(a), partsOf(b)]
  return (
    mine.length === other.length &&
    mine.every((part, index) => sameType(part, other[index] as Type))
  )
}

export function nameOf(type: Type): string {
  return type.kind === 'object' || type.kind === 'opaque' || type.kind === 'param' ? type.name : ''
}

/** Types that have names of their own in expressions. */
export const namedTypes: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['bool', bool],
  ['bytes', { kind: 'bytes' }],
  ['double', { kind: 'double' }],
  ['int', int],
  ['list', listOf(dyn)],
  ['map', mapOf(dyn, dyn)],
  ['null_type', { kind: 'null' }],
  ['string', text],
  ['type', { kind: 'type', of: dyn }],
  ['uint', { kind: 'uint' }],
  ['optional_type', optionalOf(dyn)],
  ['google.protobuf.Duration', { kind: 'duration' }],
  ['google.protobuf.Timestamp', { kind: 'timestamp' }],
  ...['kubernetes.URL', 'kubernetes.Quantity', 'kubernetes.NamedFormat', 'kubernetes.Semver'].map(
    (name): [string, Type] => [name, { kind: 'opaque', name, params: [] }],
  ),
  ...['net.IP', 'net.CIDR'].map((name): [string, Type] => [
    name,
    { kind: 'opaque', name, params: [] },
  ]),
])
