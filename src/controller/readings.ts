/** What doors made of their objects, kept as long as the object stays the same. */
import type { ReadResult } from '#core/api/read.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'

export type Readings = { readonly of: (door: Door, object: KubeObject) => ReadResult }

/** A door that throws has a bug; its object is told so like any other that cannot be understood. */
export function readings(): Readings {
  const known = new WeakMap<KubeObject, ReadResult>()
  return {
    of: (door, object) => {
      const before = known.get(object)
      if (before !== undefined) return before
      const result = readSafely(door, object)
      known.set(object, result)
      return result
    },
  }
}

function readSafely(door: Door, object: KubeObject): ReadResult {
  try {
    return door.read(object)
  } catch (error) {
    const message = `cannot be understood: ${error instanceof Error ? error.message : 'unknown fault'}`
    return { kind: 'problems', problems: [{ path: 'spec', message }] }
  }
}
