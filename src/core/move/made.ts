/**
 * Objects that a door asks for beside the workloads: those that are missing come, ours are repaired, others are left
 * alone. In a routing object the split stays as it stands.
 */
import type { Write } from '../decision.ts'
import { entry } from '../entry.ts'
import type { Facts } from '../facts.ts'
import { contained } from '../k8s/compare.ts'
import type { KubeObject } from '../k8s/meta.ts'
import type { App } from '../model/app.ts'
import type { Observed } from '../observed.ts'
import { rewritten } from '../traffic/difference.ts'
import { forRoute } from '../traffic/over-all.ts'
import { isOwn, ownMeta } from '../traffic/owned.ts'
import type { RouteObjects } from '../traffic/router.ts'
import { lacksPorts } from './ports.ts'
import { type Held, type Part, waitingFor } from './waiting.ts'

export function moveMade(observed: Observed, facts: Facts): Part {
  const parts = (facts.app.made?.objects ?? []).map((object) => moveOne(observed, facts, object))
  return {
    writes: parts.flatMap(({ writes }) => writes),
    held: parts.flatMap(({ held }) => held),
  }
}

function moveOne(observed: Observed, facts: Facts, object: KubeObject): Part {
  const { app } = facts
  if (observed.absent?.includes(object.kind) === true)
    return { writes: [], held: [unknown(facts, object.kind)] }
  const wanted = owned(app, object)
  const found = entry(observed.routes, `${object.kind}/${object.metadata.name}`)
  if (found === undefined) return { writes: [{ kind: 'create', object: wanted }], held: [] }
  const isRoute = isRouting(facts, object)
  if (!isOwn(app, found)) return { writes: [], held: isRoute ? [] : [taken(found)] }
  if (isRoute && lacksPorts(observed, facts)) return { writes: [], held: [] }
  return { writes: repaired(facts, found, wanted, isRoute), held: [] }
}

/** Whether a route that we would make cannot be: nobody is to blame, and what needs none of it goes on. */
export function isUnserved({ app, absent = [] }: Observed): boolean {
  return (app.made?.objects ?? []).some(({ kind }) => absent.includes(kind))
}

/** Why nothing of a kind can be there. */
export function unknown({ app, reading }: Facts, kind: string): Held {
  const message = `the cluster does not serve ${kind}, which the router ${app.traffic.router} writes to; install its CustomResourceDefinitions, and this goes on by itself`
  return { waiting: waitingFor('RouteMissing', message, reading.object) }
}

function isRouting({ app, router }: Facts, { kind, metadata }: KubeObject): boolean {
  return router.objects(app).some((ref) => ref.kind === kind && ref.name === metadata.name)
}

function owned(app: App, object: KubeObject): KubeObject {
  const own = ownMeta(app, object.metadata.name)
  const { labels, annotations } = object.metadata
  const metadata = {
    ...own,
    labels: { ...labels, ...own.labels },
    ...(annotations === undefined ? {} : { annotations }),
  }
  return { ...object, metadata }
}

function repaired(
  facts: Facts,
  found: KubeObject,
  wanted: KubeObject,
  isRoute: boolean,
): readonly Write[] {
  const whole = isRoute ? withSplitOf(facts, found, wanted) : { ...found, ...contentOf(wanted) }
  const isSame = contained(contentOf(whole), contentOf(found)) && isAnnotated(found, wanted)
  if (isSame) return []
  const annotations = { ...whole.metadata.annotations, ...wanted.metadata.annotations }
  return rewritten(found, { ...whole, metadata: { ...whole.metadata, annotations } })
}

function isAnnotated(found: KubeObject, { metadata }: KubeObject): boolean {
  return contained(metadata.annotations, found.metadata.annotations)
}

/** What is wanted of a routing object, with the weights and rules by match that stand in the one that is there. */
function withSplitOf({ app, router }: Facts, found: KubeObject, wanted: KubeObject): KubeObject {
  const objects: RouteObjects = { [`${found.kind}/${found.metadata.name}`]: found }
  const reading = router.read(forRoute(app, found.metadata.name), objects, {})
  const split =
    reading.kind === 'read'
      ? { weights: reading.weights, matches: reading.matches }
      : { weights: undefined, matches: {} }
  return router.placed(app, { ...found, ...contentOf(wanted) }, split)
}

/** All that is not told by metadata. */
function contentOf({
  apiVersion: _version,
  kind: _kind,
  metadata: _metadata,
  ...rest
}: KubeObject) {
  const { status: _status, ...content } = rest as { readonly status?: unknown }
  return content
}

function taken({ kind, metadata }: KubeObject): Held {
  const object = `${kind} ${metadata.name}`
  const message = `${object} exists and was not made for this release; rename it, or delete it`
  return { waiting: waitingFor('RouteUnusable', message, object) }
}
