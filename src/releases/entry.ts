/** One release, whichever door it came through: its object, what the engine makes of it, and what is on record. */
import { readSafely } from '#controller/readings.ts'
import type { Lookup } from '#core/api/reference.ts'
import { kindOf } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectRef } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { Notebook } from '#core/model/notebook.ts'
import type { Problem } from '#core/refuse.ts'
import type { Door } from '#doors/door.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { doorLabel } from './name.ts'

export type Entry = {
  /** The door whose resource it is. */
  readonly resource: Door
  /** Name of the door it came through: that of the resource, or one that writes such resources. */
  readonly door: string
  readonly namespace: string
  readonly name: string
  readonly object: KubeObject
  /** Undefined where the object cannot be understood; `problems` says why. */
  readonly app: App | undefined
  readonly problems: readonly Problem[]
  /** Undefined where no controller has written anything yet. */
  readonly book: Notebook | undefined
}

/** `DOOR/NAME`, as every command takes it. */
export function fullName({ door, name }: Pick<Entry, 'door' | 'name'>): string {
  return `${door}/${name}`
}

export function entryOf(resource: Door, object: KubeObject, lookup: Lookup): Entry {
  const { namespace = 'default', name, labels = {} } = object.metadata
  const read = readSafely(resource, object, lookup)
  return {
    resource,
    door: labels[doorLabel] ?? resource.name,
    namespace,
    name,
    object,
    app: read.kind === 'app' ? read.app : undefined,
    problems: read.kind === 'app' ? [] : read.problems,
    book: resource.notebook(object, lookup),
  }
}

/** More objects than these of one kind and namespace are listed instead of asked for one by one. */
const mostGets = 4

/** Finds what these objects name and cannot be read without. */
export async function lookupFor(
  cluster: Cluster,
  objects: readonly (readonly [Door, KubeObject])[],
): Promise<Lookup> {
  const refs = objects.flatMap(([door, object]) => door.related?.(object) ?? [])
  const groups = Map.groupBy(refs, ({ apiVersion, kind, namespace }) =>
    [apiVersion, kind, namespace].join(' '),
  )
  const found = await Promise.all([...groups.values()].map((group) => fetched(cluster, group)))
  const all = new Map(found.flat())
  return (ref) => all.get(keyOf(ref))
}

function keyOf({ kind, namespace = 'default', name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`
}

async function fetched(
  cluster: Cluster,
  refs: readonly ObjectRef[],
): Promise<readonly (readonly [string, KubeObject])[]> {
  const [first] = refs
  if (first === undefined) return []
  const kind = kindOf(first.kind, first.apiVersion)
  const { namespace = 'default' } = first
  const objects =
    refs.length > mostGets
      ? (await cluster.list(kind, { namespace })).items
      : (
          await Promise.all(
            refs.map(({ name }) => orUndefined(cluster.get(kind, { namespace, name }))),
          )
        ).filter((one) => one !== undefined)
  return objects.map((object) => [
    keyOf({
      ...first,
      namespace: object.metadata.namespace ?? namespace,
      name: object.metadata.name,
    }),
    object,
  ])
}

/** Undefined instead of NotFound; what may not be read counts as not there. */
export async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isKube(error, 'NotFound', 'Forbidden')) return undefined
    throw error
  }
}
