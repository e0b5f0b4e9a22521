/** Lists that are sets or maps: no doubles, and which item of an old list an item stands for. */
import { equal, isObject, type Obj, type Value } from './json.ts'
import { type Problem, problem } from './problem.ts'
import { declaredField, type Schema } from './schema.ts'

/** Doubles in a list that is a set or a map. */
export function listProblems(schema: Schema, list: readonly Value[], path: string): Problem[] {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return doubles(list, (item) => item, path)
    case 'map':
      return doubles(list, (item) => keyOf(schema, item), path)
    default:
      return []
  }
}

function doubles(
  list: readonly Value[],
  keyOfItem: (item: Value) => Value,
  path: string,
): Problem[] {
  const keys = list.map(keyOfItem)
  const texts = new Set<string>()
  return keys.flatMap((key, index) => {
    const text = JSON.stringify(key)
    if (texts.has(text)) return [problem.duplicate(`${path}[${index}]`, key)]
    texts.add(text)
    return []
  })
}

function keyOf(schema: Schema, item: Value): Obj {
  const key: Obj = {}
  if (!isObject(item)) return key
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const value = item[name] ?? declaredField(schema.items, name)?.default
    if (value !== undefined) key[name] = value
  }
  return key
}

/** The item of an old list that this one replaces; only items of list maps can be told apart. */
export function oldItem(schema: Schema, item: Value, old: Value | undefined): Value | undefined {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return undefined
  const key = keyOf(schema, item)
  return old.find((one) => equal(keyOf(schema, one), key))
}
