/** What changed between two objects, as sets of field paths. */
import { equal, isObject, type Obj, type Value } from '#core/schema/json.ts'
import { fieldSchema, type Schema } from '#core/schema/schema.ts'
import { type FieldSet, nodeOf, noFields } from './field-set.ts'
import { indexItems, type Shape, shapeOf } from './shape.ts'

export type Comparison = {
  readonly added: FieldSet
  readonly removed: FieldSet
  readonly modified: FieldSet
}

type Node = FieldSet | undefined
type Parts = { readonly added: Node; readonly removed: Node; readonly modified: Node }
type Building = { [element: string]: FieldSet }

const same: Parts = { added: undefined, removed: undefined, modified: undefined }

export function compare(schema: Schema | undefined, before: Obj, after: Obj): Comparison {
  const { added, removed, modified } = compareFields(schema, before, after)
  return {
    added: added ?? noFields,
    removed: removed ?? noFields,
    modified: modified ?? noFields,
  }
}

function compareAny(
  schema: Schema | undefined,
  before: Value | undefined,
  after: Value | undefined,
): Parts {
  if (before === after) return same
  const shape = shapeOf(schema, after ?? before)
  const other = shapeOf(schema, before ?? after)
  if (shape.kind === 'leaf' || shape.kind !== other.kind || bothEmpty(before, after)) {
    return leafParts(before, after)
  }
  const inner =
    shape.kind === 'fields'
      ? compareFields(schema, asFields(before), asFields(after))
      : compareItems(schema, shape, before, after)
  return {
    added: nodeOf(before === undefined, inner.added),
    removed: nodeOf(after === undefined, inner.removed),
    modified: inner.modified,
  }
}

function bothEmpty(before: Value | undefined, after: Value | undefined): boolean {
  return size(before) === 0 && size(after) === 0
}

function size(value: Value | undefined): number {
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

function asFields(value: Value | undefined): Obj {
  return isObject(value) ? value : {}
}

function leafParts(before: Value | undefined, after: Value | undefined): Parts {
  if (before === undefined) return { ...same, added: {} }
  if (after === undefined) return { ...same, removed: {} }
  return equal(before, after) ? same : { ...same, modified: {} }
}

function compareFields(schema: Schema | undefined, before: Obj, after: Obj): Parts {
  const collected = collector()
  for (const key of Object.keys(after)) {
    const was = Object.hasOwn(before, key) ? before[key] : undefined
    collected.add(`f:${key}`, compareAny(fieldSchema(schema, key), was, after[key]))
  }
  for (const key of Object.keys(before)) {
    if (Object.hasOwn(after, key)) continue
    collected.add(`f:${key}`, compareAny(fieldSchema(schema, key), before[key], undefined))
  }
  return collected.parts()
}

function compareItems(
  schema: Schema | undefined,
  shape: Shape,
  before: Value | undefined,
  after: Value | undefined,
): Parts {
  const items = schema?.items
  const was = indexItems(shape, items, Array.isArray(before) ? before : [])
  const is = indexItems(shape, items, Array.isArray(after) ? after : [])
  const collected = collector()
  for (const [element, item] of is) {
    collected.add(element, compareAny(items, was.get(element), item))
  }
  for (const [element, item] of was) {
    if (!is.has(element)) collected.add(element, compareAny(items, item, undefined))
  }
  return collected.parts()
}

function collector() {
  let added: Building | undefined
  let removed: Building | undefined
  let modified: Building | undefined
  return {
    add: (element: string, parts: Parts): void => {
      if (parts === same) return
      if (parts.added !== undefined) added = put(added, element, parts.added)
      if (parts.removed !== undefined) removed = put(removed, element, parts.removed)
      if (parts.modified !== undefined) modified = put(modified, element, parts.modified)
    },
    parts: (): Parts =>
      added === undefined && removed === undefined && modified === undefined
        ? same
        : { added, removed, modified },
  }
}

function put(target: Building | undefined, element: string, node: FieldSet): Building {
  const result = target ?? {}
  result[element] = node
  return result
}
