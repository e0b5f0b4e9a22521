/** A small JSON Patch (RFC 6902) for tests of the pure core: the operations that the engine writes. */
import type { PatchOperation } from '#core/decision.ts'
import { canonicalJson } from '#core/hash.ts'

type Node = Record<string, unknown> | unknown[]

/** The value after the patch; undefined when a `test` does not hold or a path leads nowhere. */
export function applyPatch<T>(value: T, patch: readonly PatchOperation[]): T | undefined {
  const copy = structuredClone(value)
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
  place[last] = structuredClone(operation.value)
  return true
}

function inList(list: unknown[], last: string, operation: PatchOperation): boolean {
  const index = last === '-' ? list.length : Number(last)
  if (!Number.isInteger(index) || index < 0 || index > list.length) return false
  if (operation.op === 'remove') list.splice(index, 1)
  else if (operation.op === 'add') list.splice(index, 0, structuredClone(operation.value))
  else if (operation.op === 'replace') list[index] = structuredClone(operation.value)
  return true
}
