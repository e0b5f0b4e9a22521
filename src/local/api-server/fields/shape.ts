/** How a value is owned: as a whole, field by field, or item by item; read from its schema, or guessed without one. */
import { isObject, type Obj, type Value } from '#core/schema/json.ts'
import { declaredField, fieldSchema, type Schema } from '#core/schema/schema.ts'

export type Shape =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'fields' }
  | { readonly kind: 'set' }
  | { readonly kind: 'items'; readonly keys: readonly string[] }

const leaf: Shape = { kind: 'leaf' }
const fields: Shape = { kind: 'fields' }
const set: Shape = { kind: 'set' }

/** The shape of a value that is there; for an absent one ask with the other side's value. */
export function shapeOf(schema: Schema | undefined, value: Value | undefined): Shape {
  if (Array.isArray(value)) return listShape(schema)
  if (!isObject(value)) return leaf
  return schema?.['x-kubernetes-map-type'] === 'atomic' ? leaf : fields
}

function listShape(schema: Schema | undefined): Shape {
  const type = schema?.['x-kubernetes-list-type']
  if (type === 'set') return set
  if (type === 'map') {
    return { kind: 'items', keys: schema?.['x-kubernetes-list-map-keys'] ?? [] }
  }
  if (type === 'atomic') return leaf
  // Before list types there were merge keys, and they still count.
  if (schema?.['x-kubernetes-patch-strategy']?.startsWith('merge') === true) {
    const key = schema['x-kubernetes-patch-merge-key']
    return key === undefined ? set : { kind: 'items', keys: [key] }
  }
  return leaf
}

/** The path element of a list's item, or undefined when it lacks its key. */
export function itemElement(
  shape: Shape,
  items: Schema | undefined,
  item: Value,
): string | undefined {
  if (shape.kind === 'set') return `v:${JSON.stringify(item)}`
  if (shape.kind !== 'items' || !isObject(item)) return undefined
  const key: Obj = {}
  for (const name of [...shape.keys].sort()) {
    const value = item[name] ?? declaredField(items, name)?.default
    if (value !== undefined) key[name] = value
  }
  return Object.keys(key).length === 0 ? undefined : `k:${JSON.stringify(key)}`
}

/** The schema of what stands behind a path element. */
export function behind(schema: Schema | undefined, element: string): Schema | undefined {
  return element.startsWith('f:') ? fieldSchema(schema, element.slice(2)) : schema?.items
}

/** A list as a map by path element; items without a key, and all but the first of doubles, are left out. */
export function indexItems(
  shape: Shape,
  items: Schema | undefined,
  list: readonly Value[],
): Map<string, Value> {
  const index = new Map<string, Value>()
  for (const item of list) {
    const element = itemElement(shape, items, item)
    if (element !== undefined && !index.has(element)) index.set(element, item)
  }
  return index
}
