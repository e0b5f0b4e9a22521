/** RFC 6902 as far as decisions use it: test, add, replace, remove on existing parents. */

import type { PatchOperation } from '#core/decision.ts'
import { canonicalJson } from '#core/hash.ts'

/** The patched copy, or undefined when a test does not hold. */
export function applyPatch<T>(object: T, patch: readonly PatchOperation[]): T | undefined {
  const copy = structuredClone(object) as Record<string, unknown>
  for (const operation of patch) {
    const path = operation.path
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = path.pop() as string
    const parent = path.reduce<unknown>(
      (at, key) => (at as Record<string, unknown> | undefined)?.[key],
      copy,
    ) as Record<string, unknown> | undefined
    if (parent === undefined) return undefined
    if (operation.op === 'test' && canonicalJson(parent[last]) !== canonicalJson(operation.value))
      return undefined
    if (operation.op === 'add' || operation.op === 'replace')
      parent[last] = structuredClone(operation.value)
    if (operation.op === 'remove') delete parent[last]
  }
  return copy as T
}
