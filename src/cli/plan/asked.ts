/** Which of the manifests that were handed in are releases, and through which door each comes. */
import { apiVersionOf } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'
import { doors } from '#doors/register.ts'
import { UsageError } from '../errors.ts'

export type Asked = { readonly door: Door; readonly object: KubeObject }

function doorOf({ apiVersion, kind }: KubeObject): Door | undefined {
  return doors.find((door) => door.kind.kind === kind && apiVersionOf(door.kind) === apiVersion)
}

/** Releases among the manifests, each in its namespace. @throws UsageError when there is none. */
export function askedIn(objects: readonly KubeObject[], namespace: string): readonly Asked[] {
  const asked = objects.flatMap((object): readonly Asked[] => {
    const door = doorOf(object)
    if (door === undefined) return []
    return [{ door, object: { ...object, metadata: { namespace, ...object.metadata } } }]
  })
  if (asked.length > 0) return asked
  const known = doors.map(({ kind }) => `${kind.kind} of ${apiVersionOf(kind)}`).join(', ')
  throw new UsageError(`none of the ${objects.length} manifests is a release; known are ${known}`)
}

/** What stands beside the releases: routes, perhaps. */
export function othersIn(objects: readonly KubeObject[]): readonly KubeObject[] {
  return objects.filter((object) => doorOf(object) === undefined)
}
