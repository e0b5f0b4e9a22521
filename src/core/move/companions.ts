/** Routing objects of our own beside the route: those that are missing come, changed ones are repaired, others go. */
import type { Write } from '../decision.ts'
import { entry } from '../entry.ts'
import type { Facts } from '../facts.ts'
import { contained } from '../k8s/compare.ts'
import type { KubeObject } from '../k8s/meta.ts'
import type { Observed } from '../observed.ts'
import { rewritten } from '../traffic/difference.ts'
import { isOwn, withoutOwn } from '../traffic/owned.ts'
import { type Held, type Part, waitingFor } from './waiting.ts'

export function moveCompanions({ routes }: Observed, { app, router }: Facts): Part {
  const wanted = router.companions(app, routes)
  const moved = wanted.map((object): Part => {
    const found = entry(routes, `${object.kind}/${object.metadata.name}`)
    if (found === undefined) return { writes: [{ kind: 'create', object }], held: [] }
    if (!isOwn(app, found)) return { writes: [], held: [taken(found)] }
    return { writes: repaired(found, object), held: [] }
  })
  const names = wanted.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
  const surplus = router
    .beside(app)
    .filter(({ kind, name }) => !names.includes(`${kind}/${name}`))
    .filter((ref) => !router.renders(app, ref))
  return {
    writes: [...moved.flatMap(({ writes }) => writes), ...withoutOwn(app, routes, surplus)],
    held: moved.flatMap(({ held }) => held),
  }
}

function repaired(found: KubeObject, wanted: KubeObject): readonly Write[] {
  if (contained(content(wanted), content(found))) return []
  const annotations = { ...found.metadata.annotations, ...wanted.metadata.annotations }
  const metadata = { ...found.metadata, annotations }
  return rewritten(found, { ...found, ...wanted, metadata })
}

/** What is ours to say of it: all but what tells it apart. */
function content({ apiVersion: _version, metadata, ...rest }: KubeObject): unknown {
  return { ...rest, annotations: metadata.annotations }
}

function taken({ kind, metadata }: KubeObject): Held {
  const object = `${kind} ${metadata.name}`
  const message = `${object} exists and was not made for this release; rename it, or delete it`
  return { waiting: waitingFor('RouteUnusable', message, object) }
}
