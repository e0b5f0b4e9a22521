/** Objects and sets of field paths together: what an object holds, and an object without some of its fields. */
import { isObject, type Obj, put, type Value } from '#core/schema/json.ts'
import { declaredField, fieldSchema, type Schema } from '#core/schema/schema.ts'
import { type FieldSet, isEmptySet, isMember, nodeOf } from './field-set.ts'
import { behind, indexItems, itemElement, shapeOf } from './shape.ts'

type Building = { [element: string]: FieldSet }

/** Every field an object sets. */
export function fieldsOf(schema: Schema | undefined, object: Obj): FieldSet {
  return objectFields(schema, object)
}

function anyFields(schema: Schema | undefined, value: Value): FieldSet | undefined {
  const shape = shapeOf(schema, value)
  switch (shape.kind) {
    case 'leaf':
      return {}
    case 'fields':
      return nodeOf(false, objectFields(schema, value as Obj))
    default: {
      const result: Building = {}
      for (const [element, item] of indexItems(shape, schema?.items, value as Value[])) {
        const inner = anyFields(schema?.items, item)
        result[element] = nodeOf(true, inner) ?? {}
      }
      return nodeOf(false, result)
    }
  }
}

function objectFields(schema: Schema | undefined, object: Obj): FieldSet {
  const result: Building = {}
  for (const [key, value] of Object.entries(object)) {
    const empty = value === null || (isObject(value) && Object.keys(value).length === 0)
    const free = declaredField(schema, key) === undefined
    const inner = anyFields(fieldSchema(schema, key), value)
    const node = nodeOf(empty || free || isMember(inner), withoutSelf(inner))
    if (node !== undefined) result[`f:${key}`] = node
  }
  return result
}

function withoutSelf(node: FieldSet | undefined): FieldSet | undefined {
  if (node?.['.'] === undefined) return node
  const { '.': _, ...rest } = node
  return rest
}

/** What becomes of a field that has nothing left in it: it goes, or its name stays with nothing behind it. */
export type Emptied = 'gone' | 'null'

/** A copy of the object without the members of a set. */
export function removeFields(
  schema: Schema | undefined,
  object: Obj,
  set: FieldSet,
  emptied: Emptied = 'gone',
): Obj {
  const left = removeAny(schema, object, set, emptied)
  return isObject(left) ? left : {}
}

function removeAny(
  schema: Schema | undefined,
  value: Value,
  set: FieldSet,
  emptied: Emptied,
): Value | undefined {
  const shape = shapeOf(schema, value)
  if (shape.kind === 'leaf') return isObject(value) || Array.isArray(value) ? undefined : value
  if (shape.kind === 'fields') return removeFromObject(schema, value as Obj, set, emptied)
  const left: Value[] = []
  for (const item of value as Value[]) {
    const node = set[itemElement(shape, schema?.items, item) ?? '']
    if (isMember(node)) continue
    const kept = node === undefined ? item : removeAny(schema?.items, item, node, emptied)
    if (kept !== undefined) left.push(kept)
  }
  return left.length === 0 ? undefined : left
}

function removeFromObject(
  schema: Schema | undefined,
  object: Obj,
  set: FieldSet,
  emptied: Emptied,
): Value | undefined {
  const left: Obj = {}
  for (const [key, value] of Object.entries(object)) {
    const node = set[`f:${key}`]
    if (isMember(node)) continue
    const field = fieldSchema(schema, key)
    const kept = node === undefined ? value : removeAny(field, value, node, emptied)
    if (kept !== undefined) put(left, key, kept)
    else if (emptied === 'null') put(left, key, null)
  }
  return Object.keys(left).length === 0 ? undefined : left
}

/** The set with every declared field on the way to a member a member itself. */
export function withNamedFields(schema: Schema | undefined, set: FieldSet): FieldSet {
  const result: Building = {}
  for (const [element, node] of Object.entries(set)) {
    if (element === '.') continue
    if (isEmptySet(node)) {
      result[element] = node
      continue
    }
    const named = element.startsWith('f:') && declaredField(schema, element.slice(2)) !== undefined
    const inner = withNamedFields(behind(schema, element), node)
    result[element] = nodeOf(named || isMember(node), inner) ?? {}
  }
  return result
}
