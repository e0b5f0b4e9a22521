/** JSON values that a server may still change while it works on them, and the few moves made on them everywhere. */

export type Value = null | boolean | number | string | Value[] | Obj
export type Obj = { [key: string]: Value }

export function isObject(value: unknown): value is Obj {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object itself, or undefined for anything that is not one. */
export function asObject(value: unknown): Obj | undefined {
  return isObject(value) ? value : undefined
}

export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** The array itself, or an empty one for anything that is not one. */
export function asArray(value: unknown): Value[] {
  return Array.isArray(value) ? value : []
}

/** The objects among the items of a list. */
export function objectsOf(value: unknown): Obj[] {
  return asArray(value).filter(isObject)
}

/** What stands under a path of field names; undefined when a step is missing. */
export function at(value: Value | undefined, ...path: readonly string[]): Value | undefined {
  let here: Value | undefined = value
  for (const step of path) {
    if (!isObject(here) || !Object.hasOwn(here, step)) return undefined
    here = here[step]
  }
  return here
}

/** The object under a field, made when it is not there (or is no object). */
export function child(parent: Obj, field: string): Obj {
  const found = parent[field]
  if (isObject(found)) return found
  const made: Obj = {}
  parent[field] = made
  return made
}

export function clone<T extends Value>(value: T): T {
  if (Array.isArray(value)) return value.map(clone) as T
  if (!isObject(value)) return value
  const copy: Obj = {}
  for (const key of Object.keys(value)) put(copy, key, clone(value[key] as Value))
  return copy as T
}

/** Sets a field whatever its name; a plain assignment to `__proto__` would be lost. */
export function put(target: Obj, key: string, value: Value): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  } else target[key] = value
}

/** Deep equality; the order of fields does not count. */
export function equal(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => equal(item, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
}
