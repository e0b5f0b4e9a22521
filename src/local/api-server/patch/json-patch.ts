/**
 * JSON Patch (RFC 6902), as the library of a kube-apiserver understands it, with its sentences: it replaces a field that
 * is not there as well, copies nothing for nothing, and does not look at what stands before the first slash of a path.
 */
import {
  asObject,
  asString,
  clone,
  equal,
  isObject,
  type Obj,
  put,
  type Value,
} from '#core/schema/json.ts'

export type PatchOutcome =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly why: string }

class Refused extends Error {}

const missing = 'missing value'

/** Applies all operations to a copy, or says why one of them cannot be. */
export function applyJsonPatch(target: Value, operations: readonly Value[]): PatchOutcome {
  let value = clone(target)
  try {
    for (const operation of operations) value = applyOne(value, asObject(operation) ?? {})
    return { kind: 'done', value }
  } catch (error) {
    if (error instanceof Refused) return { kind: 'failed', why: error.message }
    throw error
  }
}

function applyOne(root: Value, operation: Obj): Value {
  const op = asString(operation.op) ?? 'unknown'
  switch (op) {
    case 'add':
      return add(root, pathOf(operation, op), valueOf(operation))
    case 'replace':
      return replace(root, pathOf(operation, op), valueOf(operation))
    case 'remove':
      return remove(root, pathOf(operation, op))
    case 'test':
      return test(root, pathOf(operation, op), valueOf(operation))
    case 'copy':
      return copy(root, operation)
    case 'move':
      return move(root, operation)
    default:
      throw new Refused(`Unexpected kind: ${op}`)
  }
}

function valueOf(operation: Obj): Value {
  return clone(operation.value ?? null)
}

function pathOf(operation: Obj, op: string): string {
  const path = asString(operation.path)
  if (path !== undefined) return path
  // Two of the operations name the field that is missing, the others do not.
  const why = ['add', 'remove', 'copy'].includes(op) ? '' : ': operation missing path field'
  throw new Refused(`${op} operation failed to decode path${why}: ${missing}`)
}

function fromOf(operation: Obj, op: string): string {
  const from = asString(operation.from)
  if (from !== undefined) return from
  throw new Refused(
    `${op} operation failed to decode from: operation, missing from field: ${missing}`,
  )
}

type Place = { readonly parent: Value[] | Obj; readonly key: string }

/** Where a path leads; undefined when there is no such place. */
function placeOf(root: Value, path: string): Place | undefined {
  const steps = path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const key = steps.pop()
  if (key === undefined) return undefined
  let here: Value | undefined = root
  for (const step of steps) {
    if (Array.isArray(here)) {
      const index = Number(step)
      here = /^[-+]?\d+$/.test(step) ? here.at(index) : undefined
    } else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined
  }
  return isObject(here) || Array.isArray(here) ? { parent: here, key } : undefined
}

/** An index into a list of this length. */
function indexOf(key: string, length: number): number {
  if (!/^[-+]?\d+$/.test(key)) {
    throw new Refused(`strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`)
  }
  const index = Number(key)
  if (index < -length || index >= length) {
    throw new Refused(`Unable to access invalid index: ${index}: invalid index referenced`)
  }
  return index < 0 ? index + length : index
}

/** Runs a step and puts what it was for in front of its complaint. */
function within<T>(prefix: string, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (error instanceof Refused) throw new Refused(`${prefix}: ${error.message}`)
    throw error
  }
}

function insert({ parent, key }: Place, value: Value): void {
  if (!Array.isArray(parent)) {
    put(parent, key, value)
    return
  }
  if (key === '-') {
    parent.push(value)
    return
  }
  const index = /^[-+]?\d+$/.test(key)
    ? indexOf(key, parent.length + 1)
    : within(`value was not a proper array index: '${key}'`, () => indexOf(key, 0))
  parent.splice(index, 0, value)
}

function take({ parent, key }: Place): void {
  if (Array.isArray(parent)) parent.splice(indexOf(key, parent.length), 1)
  else if (Object.hasOwn(parent, key)) delete parent[key]
  else throw new Refused(`Unable to remove nonexistent key: ${key}: ${missing}`)
}

/** What stands there; null for a field that is not there. */
function read({ parent, key }: Place): Value {
  if (Array.isArray(parent)) return parent[indexOf(key, parent.length)] as Value
  return Object.hasOwn(parent, key) ? (parent[key] as Value) : null
}

function add(root: Value, path: string, value: Value): Value {
  const place = placeOf(root, path)
  if (place === undefined) {
    throw new Refused(`add operation does not apply: doc is missing path: "${path}": ${missing}`)
  }
  within(`error in add for path: '${path}'`, () => insert(place, value))
  return root
}

function remove(root: Value, path: string): Value {
  const place = placeOf(root, path)
  if (place === undefined) {
    throw new Refused(`remove operation does not apply: doc is missing path: "${path}": ${missing}`)
  }
  within(`error in remove for path: '${path}'`, () => take(place))
  return root
}

function replace(root: Value, path: string, value: Value): Value {
  if (path === '') return isObject(value) || Array.isArray(value) ? value : root
  const place = placeOf(root, path)
  if (place === undefined) {
    throw new Refused(`replace operation does not apply: doc is missing path: ${path}: ${missing}`)
  }
  const { parent, key } = place
  try {
    read(place)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    throw new Refused(`replace operation does not apply: doc is missing key: ${path}: ${missing}`)
  }
  if (Array.isArray(parent)) parent[indexOf(key, parent.length)] = value
  else put(parent, key, value)
  return root
}

function test(root: Value, path: string, wanted: Value): Value {
  const place = placeOf(root, path)
  if (path !== '' && place === undefined) {
    throw new Refused(`test operation does not apply: is missing path: ${path}: ${missing}`)
  }
  const found =
    place === undefined ? root : within(`error in test for path: '${path}'`, () => read(place))
  if (equal(found, wanted)) return root
  throw new Refused(`testing value ${path} failed: test failed`)
}

function sourceOf(root: Value, op: string, from: string): Place {
  const source = placeOf(root, from)
  if (source !== undefined) return source
  throw new Refused(`${op} operation does not apply: doc is missing from path: ${from}: ${missing}`)
}

function destinationOf(root: Value, op: string, path: string): Place {
  const place = placeOf(root, path)
  if (place !== undefined) return place
  throw new Refused(
    `${op} operation does not apply: doc is missing destination path: ${path}: ${missing}`,
  )
}

function copy(root: Value, operation: Obj): Value {
  const from = fromOf(operation, 'copy')
  const source = sourceOf(root, 'copy', from)
  const value = within(`error in copy for from: '${from}'`, () => clone(read(source)))
  const place = destinationOf(root, 'copy', pathOf(operation, 'copy'))
  within('error while adding value during copy', () => insert(place, value))
  return root
}

function move(root: Value, operation: Obj): Value {
  const source = sourceOf(root, 'move', fromOf(operation, 'move'))
  const value = within(`error in move for path: '${source.key}'`, () => {
    const found = read(source)
    take(source)
    return found
  })
  const path = pathOf(operation, 'move')
  const place = destinationOf(root, 'move', path)
  within(`error in move for path: '${path}'`, () => insert(place, value))
  return root
}
