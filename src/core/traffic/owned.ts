/** Routing objects of our own, beside the one that people wrote: their metadata, and how they are told from others. */
import type { Write } from '../decision.ts'
import type { KubeObject, Labels, ObjectMeta, ObjectRef } from '../k8s/meta.ts'
import type { App } from '../model/app.ts'
import { stable, type Weights, weightOf } from '../model/weights.ts'
import { labels, managedBy } from '../render/names.ts'
import type { RouteReading } from './router.ts'

type Named = Pick<App, 'traffic'>

/** The route to a preview's own host. */
export function previewName({ traffic }: Named): string {
  return `${traffic.route}-preview-host`
}

/** The route that leads from another host here. */
export function redirectName({ traffic }: Named): string {
  return `${traffic.route}-www-redirect`
}

type Owner = Pick<App, 'namespace' | 'name' | 'owner'>

export function ownMeta({ namespace, name: release, owner }: Owner, name: string): ObjectMeta {
  return {
    name,
    namespace,
    labels: { [labels.release]: release, [labels.managedBy]: managedBy },
    ownerReferences: [owner],
  }
}

/** By its owner; of a release that is being deleted also by its labels, since a deletion may take the owner off first. */
export function isOwn(
  { owner, name, deletedAt }: Pick<App, 'owner' | 'name' | 'deletedAt'>,
  { metadata }: KubeObject,
): boolean {
  const { ownerReferences = [], labels: has = {} } = metadata
  if (ownerReferences.length > 0 || deletedAt === undefined)
    return ownerReferences.some(({ uid }) => uid === owner.uid)
  return has[labels.release] === name && has[labels.managedBy] === managedBy
}

export function refTo({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  const { name, namespace } = metadata
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

/** The object with its annotations changed; those set to undefined go. */
export function annotated<T extends KubeObject>(
  object: T,
  changes: Readonly<Record<string, string | undefined>>,
): T {
  const before = object.metadata.annotations
  const all = Object.entries({ ...before, ...changes })
  const annotations = Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Labels
  if (before === undefined && Object.keys(annotations).length === 0) return object
  return { ...object, metadata: { ...object.metadata, annotations } }
}

/** Deletes those of these objects that stand there and are ours. */
export function withoutOwn(
  app: Pick<App, 'owner' | 'name' | 'deletedAt'>,
  objects: Readonly<Record<string, KubeObject>>,
  refs: readonly ObjectRef[],
): readonly Write[] {
  return refs.flatMap(({ kind, name }) => {
    const found = objects[`${kind}/${name}`]
    if (found === undefined || !isOwn(app, found)) return []
    return [{ kind: 'delete', ref: refTo(found), uid: found.metadata.uid ?? '' } as const]
  })
}

/**
 * The weights that a release leaves behind; undefined where they stay as they are. Candidates that came by a command got
 * their places from us, and these go with them; those of other plans are people's own.
 */
export function weightsLeft(
  { plan }: Pick<App, 'plan'>,
  reading: RouteReading,
): Weights | undefined {
  if (plan.strategy !== 'commanded' || reading.kind !== 'read') return undefined
  const isHome = weightOf(reading.weights, stable) === 100
  return isHome && reading.roles.some((role) => role !== stable) ? { [stable]: 100 } : undefined
}
