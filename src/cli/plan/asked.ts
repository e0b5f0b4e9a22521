/** Which of the manifests that were handed in are releases, and through which door each comes. */
import { apiVersionOf } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'
import { doors } from '#doors/register.ts'
import { UsageError } from '#releases/errors.ts'

export type Asked = { readonly door: Door; readonly object: KubeObject }

function doorOf({ apiVersion, kind }: KubeObject): Door | undefined {
  const group = apiVersion.split('/')[0]
  return doors.find((door) => door.kind.kind === kind && door.kind.group === group)
}

/** In the version that its door reads. @throws UsageError where there is no way to it. */
function converted({ kind, conversion }: Door, object: KubeObject): KubeObject {
  const wanted = apiVersionOf(kind)
  if (object.apiVersion === wanted) return object
  const answer = conversion?.(object, wanted)
  if (answer?.kind === 'converted') return answer.object
  const why = answer?.message ?? `write ${wanted}`
  throw new UsageError(`${object.kind} ${object.metadata.name} is of ${object.apiVersion}: ${why}`)
}

/** Releases among the manifests, each in its namespace. @throws UsageError when there is none. */
export function askedIn(objects: readonly KubeObject[], namespace: string): readonly Asked[] {
  const asked = objects.flatMap((object): readonly Asked[] => {
    const door = doorOf(object)
    if (door === undefined) return []
    const own = converted(door, object)
    return [{ door, object: { ...own, metadata: { namespace, ...own.metadata } } }]
  })
  if (asked.length > 0) return asked
  const known = doors.map(({ kind }) => `${kind.kind} of ${apiVersionOf(kind)}`).join(', ')
  throw new UsageError(`none of the ${objects.length} manifests is a release; known are ${known}`)
}

/** What stands beside the releases: routes, perhaps. */
export function othersIn(objects: readonly KubeObject[]): readonly KubeObject[] {
  return objects.filter((object) => doorOf(object) === undefined)
}
