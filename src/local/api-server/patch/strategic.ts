/** Strategic merge patch: lists merge by the keys the schema names, and directives say what merging cannot. */
import {
  asArray,
  equal,
  isObject,
  type Obj,
  objectsOf,
  put,
  type Value,
} from '#core/schema/json.ts'
import { fieldSchema, type Schema } from '#core/schema/schema.ts'
import { ApiError, badRequest } from '../status.ts'
import { arrange } from './order.ts'

const setOrder = '$setElementOrder/'
const deleteFrom = '$deleteFromPrimitiveList/'

/** The object with the patch merged in; what both have in common is one and the same. Throws a 400 or 422 for a bad patch. */
export function strategicPatch(schema: Schema, current: Obj, patch: Obj): Obj {
  return mergeMap(schema, current, patch)
}

function strategiesOf(schema: Schema | undefined): readonly string[] {
  return (schema?.['x-kubernetes-patch-strategy'] ?? '').split(',')
}

function mergeMap(schema: Schema | undefined, original: Obj, patch: Obj): Obj {
  const { $patch, $retainKeys, ...rest } = patch
  if ($patch === 'replace') return withoutDirectives(rest) as Obj
  if ($patch === 'delete') return {}
  if ($patch !== undefined && $patch !== 'merge') {
    throw new ApiError(500, '', `unknown patch type: ${String($patch)} in map: ${goMap(patch)}`)
  }
  const result =
    $retainKeys === undefined ? { ...original } : retain(original, asArray($retainKeys), rest)
  for (const key of Object.keys(rest)) {
    if (key.startsWith(setOrder)) continue
    mergeField(schema, result, key, rest)
  }
  for (const key of Object.keys(rest)) {
    const field = key.slice(setOrder.length)
    // Without items of its own in the patch, an order still orders what is there.
    if (!key.startsWith(setOrder) || rest[field] !== undefined) continue
    const list = result[field]
    if (!Array.isArray(list)) continue
    const mergeKey = fieldSchema(schema, field)?.['x-kubernetes-patch-merge-key']
    result[field] = arrange(list, asArray(rest[key]), list, mergeKey)
  }
  return result
}

/** What is not named goes; a patch that sets what it does not retain contradicts itself. */
function retain(original: Obj, keys: readonly Value[], patch: Obj): Obj {
  for (const key of Object.keys(patch)) {
    if (patch[key] !== null && !key.startsWith('$') && !keys.includes(key)) {
      throw badRequest('invalid patch format of retainKeys')
    }
  }
  const result: Obj = {}
  for (const key of Object.keys(original)) {
    if (keys.includes(key)) put(result, key, original[key] as Value)
  }
  return result
}

function mergeField(schema: Schema | undefined, result: Obj, key: string, patch: Obj): void {
  const value = patch[key] as Value
  if (key.startsWith(deleteFrom)) {
    const field = key.slice(deleteFrom.length)
    const list = result[field]
    if (Array.isArray(list)) {
      const gone = asArray(value)
      result[field] = list.filter((item) => !gone.some((one) => equal(one, item)))
    }
    return
  }
  const known = Object.hasOwn(result, key) ? result[key] : undefined
  if (value === null) {
    delete result[key]
    return
  }
  const field = fieldSchema(schema, key)
  const strategies = strategiesOf(field)
  if (isObject(known) && isObject(value) && !strategies.includes('replace')) {
    put(result, key, mergeMap(field, known, value))
  } else if (Array.isArray(value) && strategies.includes('merge')) {
    const order = patch[setOrder + key]
    put(result, key, mergeList(field, asArray(known), value, order))
  } else put(result, key, withoutDirectives(value))
}

function mergeList(
  schema: Schema | undefined,
  original: readonly Value[],
  patch: readonly Value[],
  order: Value | undefined,
): Value[] {
  const mergeKey = schema?.['x-kubernetes-patch-merge-key']
  const wanted = Array.isArray(order) ? order : patch.filter((item) => !isDirective(item))
  if (mergeKey === undefined) {
    const merged = [...original, ...patch].filter(
      (item, index, all) => all.findIndex((other) => equal(other, item)) === index,
    )
    return arrange(merged, wanted, original, undefined)
  }
  const replaces = objectsOf(patch).some((item) => item.$patch === 'replace')
  if (replaces) return patch.filter((item) => !isDirective(item)).map(withoutDirectives)
  const merged = mergeItems(schema?.items, original, patch, mergeKey)
  return arrange(merged, wanted, original, mergeKey)
}

function isDirective(item: Value): boolean {
  return isObject(item) && (item.$patch === 'replace' || item.$patch === 'delete')
}

function mergeItems(
  schema: Schema | undefined,
  original: readonly Value[],
  patch: readonly Value[],
  mergeKey: string,
): Value[] {
  let merged = [...original]
  for (const item of patch) {
    if (!isObject(item) || item[mergeKey] === undefined) throw noMergeKey(item, mergeKey)
    const at = merged.findIndex((one) => isObject(one) && equal(one[mergeKey], item[mergeKey]))
    if (item.$patch === 'delete') {
      merged = merged.filter((one) => !isObject(one) || !equal(one[mergeKey], item[mergeKey]))
    } else if (at === -1) merged.push(withoutDirectives(item))
    else merged[at] = mergeMap(schema, merged[at] as Obj, item)
  }
  return merged
}

function noMergeKey(item: Value, key: string): ApiError {
  const message = `map: ${goMap(item)} does not contain declared merge key: ${key}`
  return new ApiError(500, '', message)
}

/** A map in the words of the language of a real server. */
function goMap(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`
  if (!isObject(value)) return value === null ? '<nil>' : String(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, item]) => `${key}:${goMap(item)}`).join(' ')}]`
}

/** A value that is new: nulls in its maps say nothing, and directives have nothing to direct. */
function withoutDirectives(value: Value): Value {
  if (Array.isArray(value)) {
    return value.filter((item) => !isDirective(item)).map(withoutDirectives)
  }
  if (!isObject(value)) return value
  const result: Obj = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === null || key === '$patch' || key === '$retainKeys') continue
    if (key.startsWith(setOrder) || key.startsWith(deleteFrom)) continue
    put(result, key, withoutDirectives(item))
  }
  return result
}
