/** A small JSON Patch (RFC 6902): the operations that the engine writes, as an API server would perform them. */
import type { PatchOperation } from '../decision.ts'
import { canonicalJson } from '../hash.ts'

type Node = Record<string, unknown> | unknown[]

function copyOf<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T)
}

/** The value after the patch; undefined when a `test` does not hold or a path leads nowhere. */
export function applyPatch<T>(value: T, patch: readonly PatchOperation[]): T | undefined {
  const copy = copyOf(value)
  return patch.every((operation) => perform(copy as Node, operation)) ? copy : undefined
}

function perform(root: Node, operation: PatchOperation): boolean {
  const steps = operation.path
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = steps.pop() ?? ''
  let node: unknown = root
  for (const step of steps) node = (node as Record<string, unknown> | undefined)?.[step]
  if (typeof node !== 'object' || node === null) return false
  const place = node as Record<string, unknown>
  if (operation.op === 'test') return canonicalJson(place[last]) === canonicalJson(operation.value)
  if (Array.isArray(node)) return inList(node, last, operation)
  if (operation.op === 'remove') return delete place[last]
  place[last] = copyOf(operation.value)
  return true
}

function inList(list: unknown[], last: string, operation: PatchOperation): boolean {
  const index = last === '-' ? list.length : Number(last)
  if (!Number.isInteger(index) || index < 0 || index > list.length) return false
  if (operation.op === 'remove') list.splice(index, 1)
  else if (operation.op === 'add') list.splice(index, 0, copyOf(operation.value))
  else if (operation.op === 'replace') list[index] = copyOf(operation.value)
  return true
}
