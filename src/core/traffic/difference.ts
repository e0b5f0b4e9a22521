/** From an object as it stands to the object as it should be: the patch between the two, and nothing else. */
import { type PatchOperation, pointer, type Write } from '../decision.ts'
import type { KubeObject } from '../k8s/meta.ts'
import { isObject } from '../schema/json.ts'

/** Nothing where both say the same; else one patch that first tests the version that was looked at. */
export function rewritten(before: KubeObject, after: KubeObject): readonly Write[] {
  const changed = changes(before, after, [])
  if (changed.length === 0) return []
  const { name, namespace, resourceVersion } = before.metadata
  const test = { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion } as const
  const ref = {
    apiVersion: before.apiVersion,
    kind: before.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  }
  return [{ kind: 'patch', ref, patch: [test, ...changed] }]
}

type Path = readonly (string | number)[]

function changes(before: unknown, after: unknown, path: Path): readonly PatchOperation[] {
  if (before === after) return []
  if (isObject(before) && isObject(after)) return ofMembers(before, after, path)
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.flatMap((item, index) => ofItem(item, after[index], [...path, index]))
  return [{ op: 'add', path: pointer(...path), value: after }]
}

type Members = Readonly<Record<string, unknown>>

function ofMembers(before: Members, after: Members, path: Path): readonly PatchOperation[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) => {
    const [one, other] = [before[key], after[key]]
    const at = [...path, key]
    if (other === undefined)
      return one === undefined ? [] : [{ op: 'remove', path: pointer(...at) } as const]
    return changes(one, other, at)
  })
}

// What has a name is recognised by it: a list that was turned round meanwhile refuses the write.
function ofItem(before: unknown, after: unknown, path: Path): readonly PatchOperation[] {
  const changed = changes(before, after, path)
  if (changed.length === 0 || !isObject(before) || typeof before['name'] !== 'string')
    return changed
  return [{ op: 'test', path: pointer(...path, 'name'), value: before['name'] }, ...changed]
}
