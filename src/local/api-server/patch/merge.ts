/** JSON merge patch (RFC 7386). */
import { isObject, type Obj, put, type Value } from '#core/schema/json.ts'

/** The target with the patch merged in; what both have in common is one and the same. */
export function mergePatch(target: Value | undefined, patch: Value): Value {
  if (!isObject(patch)) return patch
  const result: Obj = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else put(result, key, mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value))
  }
  return result
}
