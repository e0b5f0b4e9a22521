/** The functions of the environment: which values each takes, and what it makes of them. */

import { arithmeticFunctions } from './functions/arithmetic.ts'
import { authorizationFunctions } from './functions/authorization.ts'
import { conversionFunctions } from './functions/conversions.ts'
import { formatFunctions } from './functions/formats.ts'
import { listFunctions } from './functions/lists.ts'
import { networkFunctions } from './functions/network.ts'
import { quantityFunctions } from './functions/quantity.ts'
import { regexFunctions } from './functions/regex.ts'
import { semverFunctions } from './functions/semver.ts'
import { textFunctions } from './functions/text.ts'
import { timeFunctions } from './functions/time.ts'
import { urlFunctions } from './functions/url.ts'
import { Uint } from './literal.ts'
import { standardFunctions } from './signatures.ts'
import type { Type } from './types.ts'
import {
  Duration,
  Extension,
  isList,
  isMap,
  Optional,
  Timestamp,
  TypeName,
  type Value,
} from './values.ts'

export type Body = (args: readonly Value[]) => Value

/** Bodies by the number of their overload. */
export type Bodies = Readonly<Record<string, Body>>

export type Implementation = {
  readonly id: string
  readonly takes: (args: readonly Value[]) => boolean
  /** Throws an EvalError. */
  readonly apply: Body
}

const bodies: Bodies = {
  ...arithmeticFunctions,
  ...conversionFunctions,
  ...timeFunctions,
  ...textFunctions,
  ...listFunctions,
  ...regexFunctions,
  ...urlFunctions,
  ...quantityFunctions,
  ...networkFunctions,
  ...formatFunctions,
  ...semverFunctions,
  ...authorizationFunctions,
}

const implementations = new Map<string, Implementation>()

/** Throws an Error for an overload that nobody declared. */
export function implementationOf(id: string): Implementation {
  if (implementations.size === 0) {
    for (const overload of [...standardFunctions().values()].flat()) {
      const { id: name, args: types } = overload
      const takes = (args: readonly Value[]): boolean =>
        args.length === types.length &&
        types.every((type, index) => accepts(type, args[index] as Value))
      const apply = bodies[name]
      if (apply !== undefined) implementations.set(name, { id: name, takes, apply })
    }
  }
  const found = implementations.get(id)
  if (found === undefined) throw new Error(`no function ${id}`)
  return found
}

/** Whether a value is of a type, as far as one can see without going through all of it. */
function accepts(type: Type, value: Value): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
    case 'error':
      return true
    case 'bool':
      return typeof value === 'boolean'
    case 'int':
      return typeof value === 'bigint'
    case 'double':
      return typeof value === 'number'
    case 'string':
      return typeof value === 'string'
    case 'null':
      return value === null
    case 'uint':
      return value instanceof Uint
    case 'bytes':
      return value instanceof Uint8Array
    case 'timestamp':
      return value instanceof Timestamp
    case 'duration':
      return value instanceof Duration
    case 'type':
      return value instanceof TypeName
    case 'list':
      return isList(value) && (value.size === 0 || accepts(type.item, value.get(0)))
    case 'map':
      return isMap(value)
    case 'object':
      return isMap(value) || (value instanceof Extension && value.typeName === type.name)
    case 'opaque':
      return type.name === 'optional_type'
        ? value instanceof Optional
        : value instanceof Extension && value.typeName === type.name
  }
}
