/** JSON Patch (RFC 6902), with the sentences of the library a kube-apiserver uses. */
import { asObject, asString, clone, equal, isObject, put, type Value } from '#core/schema/json.ts'

export type PatchOutcome =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly why: string }

class Refused extends Error {}

/** Applies all operations to a copy, or says why one of them cannot be. */
export function applyJsonPatch(target: Value, operations: readonly Value[]): PatchOutcome {
  let value = clone(target)
  try {
    for (const operation of operations) value = applyOne(value, operation)
    return { kind: 'done', value }
  } catch (error) {
    if (error instanceof Refused) return { kind: 'failed', why: error.message }
    throw error
  }
}

function applyOne(root: Value, operation: Value): Value {
  const facts = asObject(operation) ?? {}
  const op = asString(facts.op) ?? ''
  const path = asString(facts.path)
  if (path === undefined) throw new Refused(`${op} operation failed to decode path: missing`)
  switch (op) {
    case 'add':
      return addAt(root, path, clone(facts.value ?? null), op)
    case 'replace':
      valueAt(root, path, 'replace operation does not apply: doc is missing key')
      return replaceAt(root, path, clone(facts.value ?? null))
    case 'remove':
      return removeAt(root, path)
    case 'test':
      return testAt(root, path, facts.value ?? null)
    case 'copy': {
      const from = asString(facts.from) ?? ''
      return addAt(
        root,
        path,
        clone(valueAt(root, from, `copy operation does not apply: doc is missing from path`)),
        op,
      )
    }
    case 'move': {
      const from = asString(facts.from) ?? ''
      const moved = valueAt(root, from, `move operation does not apply: doc is missing from path`)
      return addAt(removeAt(root, from), path, moved, op)
    }
    default:
      throw new Refused(`Unexpected kind: ${op}`)
  }
}

function stepsOf(path: string): string[] {
  if (path === '') return []
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function indexOf(step: string, length: number, path: string, op: string): number {
  const index = /^-?\d+$/.test(step) ? Number(step) : Number.NaN
  if (Number.isNaN(index)) {
    throw new Refused(`${op} operation does not apply: doc is missing key: ${path}: missing value`)
  }
  const wanted = index < 0 ? index + length : index
  if (wanted >= 0 && wanted < length) return wanted
  throw new Refused(
    `${op} operation does not apply: doc is missing key: ${path}: Unable to access invalid index: ${index}: invalid index referenced`,
  )
}

/** The container of the last step. */
function parentOf(root: Value, path: string, op: string): { parent: Value; last: string } {
  const steps = stepsOf(path)
  const last = steps.pop() as string
  let here: Value | undefined = root
  for (const step of steps) {
    if (Array.isArray(here)) here = here[indexOf(step, here.length, path, op)]
    else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined
  }
  if (isObject(here) || Array.isArray(here)) return { parent: here, last }
  throw new Refused(
    `${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`,
  )
}

function valueAt(root: Value, path: string, why: string): Value {
  if (path === '') return root
  const { parent, last } = parentOf(root, path, why.split(' ')[0] as string)
  if (Array.isArray(parent)) {
    return parent[indexOf(last, parent.length, path, why.split(' ')[0] as string)] as Value
  }
  if (isObject(parent) && Object.hasOwn(parent, last)) return parent[last] as Value
  throw new Refused(`${why}: ${path}: missing value`)
}

function addAt(root: Value, path: string, value: Value, op: string): Value {
  if (path === '') return value
  const { parent, last } = parentOf(root, path, op)
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : indexOf(last, parent.length + 1, path, op)
    parent.splice(index, 0, value)
  } else if (isObject(parent)) put(parent, last, value)
  return root
}

function replaceAt(root: Value, path: string, value: Value): Value {
  if (path === '') return value
  const { parent, last } = parentOf(root, path, 'replace')
  if (Array.isArray(parent)) parent[indexOf(last, parent.length, path, 'replace')] = value
  else if (isObject(parent)) put(parent, last, value)
  return root
}

function removeAt(root: Value, path: string): Value {
  const { parent, last } = parentOf(root, path, 'remove')
  if (Array.isArray(parent)) parent.splice(indexOf(last, parent.length, path, 'remove'), 1)
  else if (isObject(parent)) {
    if (!Object.hasOwn(parent, last)) {
      throw new Refused(
        `remove operation does not apply: doc is missing key: ${path}: missing value`,
      )
    }
    delete parent[last]
  }
  return root
}

function testAt(root: Value, path: string, wanted: Value): Value {
  let found: Value | undefined
  const { parent, last } = path === '' ? { parent: root, last: '' } : parentOf(root, path, 'test')
  if (path === '') found = root
  else if (Array.isArray(parent)) found = parent[indexOf(last, parent.length, path, 'test')]
  else found = isObject(parent) && Object.hasOwn(parent, last) ? parent[last] : undefined
  if (equal(found ?? null, wanted)) return root
  throw new Refused(`testing path ${path} failed: test failed`)
}
