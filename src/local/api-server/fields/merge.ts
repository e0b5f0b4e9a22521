/** Lays an applied configuration over an object. */
import { clone, isObject, type Obj, put, type Value } from '#core/schema/json.ts'
import { fieldSchema, type Schema } from '#core/schema/schema.ts'
import { indexItems, itemElement, type Shape, shapeOf } from './shape.ts'

/** A new object: what the configuration says, and of the live object whatever it does not speak of. */
export function mergeApplied(schema: Schema | undefined, live: Obj, config: Obj): Obj {
  return mergeObject(schema, live, config)
}

function mergeAny(schema: Schema | undefined, live: Value | undefined, config: Value): Value {
  const shape = shapeOf(schema, config)
  if (live === undefined || shape.kind === 'leaf') return clone(config)
  if (shape.kind !== shapeOf(schema, live).kind) return clone(config)
  if (shape.kind === 'fields') return mergeObject(schema, live as Obj, config as Obj)
  return mergeItems(schema, shape, live as Value[], config as Value[])
}

function mergeObject(schema: Schema | undefined, live: Obj, config: Obj): Obj {
  const result: Obj = { ...live }
  for (const [key, value] of Object.entries(config)) {
    const known = Object.hasOwn(live, key) ? live[key] : undefined
    put(result, key, mergeAny(fieldSchema(schema, key), known, value))
  }
  return result
}

/** Items of both lists; those the configuration does not name keep what they were. */
function mergeItems(
  schema: Schema | undefined,
  shape: Shape,
  live: readonly Value[],
  config: readonly Value[],
): Value {
  const items = schema?.items
  const was = indexItems(shape, items, live)
  const is = indexItems(shape, items, config)
  return mergedOrder([...was.keys()], [...is.keys()]).map((element) => {
    const wanted = is.get(element)
    return wanted === undefined
      ? (was.get(element) as Value)
      : mergeAny(items, was.get(element), wanted)
  })
}

/**
 * One order for the items of two lists: shared ones as the right has them, the left's own where they stood, the
 * right's own where the right puts them.
 */
function mergedOrder(left: readonly string[], right: readonly string[]): string[] {
  const known = new Set(left)
  const wanted = new Set(right)
  const shared = right.filter((element) => known.has(element))
  const out: string[] = []
  const done = new Set<string>()
  let l = 0
  let r = 0
  while (l < left.length || r < right.length) {
    const here = left[l]
    const next = right[r]
    const sharedHere = here !== undefined && wanted.has(here)
    if (here !== undefined && !sharedHere) {
      out.push(here)
      l += 1
    } else if (
      sharedHere &&
      here !== next &&
      (done.has(here) || (r < right.length && shared[0] !== here))
    ) {
      // It stands elsewhere on the right, and comes when its turn comes there.
      l += 1
    } else if (next !== undefined) {
      out.push(next)
      done.add(next)
      if (shared[0] === next) shared.shift()
      if (here === next) l += 1
      r += 1
    } else l += 1
  }
  return out
}

/** Where an applied list names an item twice: its path, as an error shows it. */
export function doubleItem(
  schema: Schema | undefined,
  value: Value,
  path = '',
): string | undefined {
  if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const found = doubleItem(fieldSchema(schema, key), item, `${path}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!Array.isArray(value)) return undefined
  const shape = shapeOf(schema, value)
  if (shape.kind === 'leaf') return undefined
  const seen = new Set<string>()
  for (const item of value) {
    const element = itemElement(shape, schema?.items, item)
    if (element === undefined) continue
    if (seen.has(element)) {
      return `${path}: duplicate entries for key ${shownElement(element)}`
    }
    seen.add(element)
    const found = doubleItem(schema?.items, item, `${path}${shownElement(element)}`)
    if (found !== undefined) return found
  }
  return undefined
}

function shownElement(element: string): string {
  const rest = element.slice(2)
  if (element.startsWith('v:')) return `[=${rest}]`
  const keys = Object.entries(JSON.parse(rest) as Obj)
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`
}
