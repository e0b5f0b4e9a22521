/** S5: drain before removal. Pods go once the route that leaves them was taken up and has had time to settle. */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import { hasRoute } from '../objects.ts'
import { recordOf } from '../record.ts'
import { type Pod, type Truth, type Write, workloadShelves } from '../truth.ts'
import { backends, isPooled, isReady, podsFor, readyPods, replicasOf, selected } from '../view.ts'
import { type Invariant, type Scene, shop, wasSo } from './invariant.ts'

/** Clocks of instances run at most twice as fast as the world. */
const fastest = 2
const settleMs = 200

export const s5: Invariant = {
  id: 'S5',
  says: 'pods go only when the gateway has followed and no traffic needs them',
  write: (write, scene) => {
    const fall = fallOf(write)
    if (fall === undefined) return left(write, scene)
    if (!hasRoute(scene.setting) || isPooled(scene.setting)) return thinned(write, fall, scene)
    const settled = (view: Truth): boolean =>
      isFirst(view) || isSettled(view, write.cause.issuedAt, scene)
    if (!wasSo(write, settled)) return `pods of ${fall.name} go before the gateway has followed`
    const free = (view: Truth): boolean => isFirst(view) || needed(view, fall, scene) <= fall.left
    if (!wasSo(write, free))
      return `${fall.name} shrinks to ${fall.left} pods, of ${needed(write.was, fall, scene)} that its traffic needs`
    return undefined
  },
}

export type Fall = {
  readonly name: string
  readonly revision: string
  readonly left: number
  /** What stood there before. */
  readonly had: number
}

/** A write of ours that takes pods away. One that lets them go on without it takes none. */
export function fallOf({ cause, shelf, before, after }: Write): Fall | undefined {
  if (!cause.ours || !workloadShelves.includes(shelf) || before === undefined) return undefined
  if (/"propagationPolicy":"Orphan"/.test(cause.body)) return undefined
  const [was, is] = [before as Workload, after as Workload | undefined]
  const had = was.spec.replicas ?? 1
  const rest = is === undefined ? 0 : (is.spec.replicas ?? 1)
  if (rest >= had) return undefined
  const { name, labels: own } = was.metadata
  return { name, revision: own?.[labels.revision] ?? '', left: rest, had }
}

/** Before a first version serves there is nobody to be served. */
function isFirst(view: Truth): boolean {
  return recordOf(view.releases.get(shop)).stable === ''
}

function isSettled(view: Truth, at: number, scene: Scene): boolean {
  const route = view.routes.get(shop)
  if (route === undefined) return true
  const since = sinceOf(view, route, scene)
  return since !== undefined && at - since >= settleMs / fastest
}

/** Gateways of the Gateway API say what they have read; of others nothing is heard, and time has to do. */
function sinceOf(view: Truth, { metadata }: KubeObject, scene: Scene): number | undefined {
  const { router } = scene.setting
  return router === 'gateway-api' || router === 'grpc'
    ? scene.acceptedAt(metadata.uid ?? '', metadata.generation ?? 0)
    : scene.splitSince(splitOf(view, scene))
}

export function splitOf(view: Truth, scene: Pick<Scene, 'setting'>): string {
  return JSON.stringify(backends(view, scene).filter(({ weight }) => weight > 0))
}

function needed(view: Truth, { revision, name }: Fall, scene: Scene): number {
  let pods = 0
  for (const { role, service, weight } of backends(view, scene)) {
    if (weight === 0) continue
    const selects = revision !== '' && selected(view, service, scene) === revision
    const lists = listedOf(view, service, name, scene) > 0
    if (selects && !lists && scene.setting.topology.includes('by role')) continue
    if (selects || lists)
      pods = Math.max(pods, podsFor(scene.setting, replicasOf(view), weight, role))
  }
  return pods
}

function listedOf(view: Truth, service: string, workload: string, scene: Scene): number {
  const listed = readyPods(view.slices, 'default/', service)
  return listed.filter((pod) => scene.podOf(pod)?.workload === workload).length
}

/** Where one Service selects all: what it lists of others, and what is left, carries everything. */
function thinned(write: Write, fall: Fall, scene: Scene): string | undefined {
  const enough = (view: Truth): boolean => {
    const listed = readyPods(view.slices, 'default/', 'shop-stable').length
    const own = listedOf(view, 'shop-stable', fall.name, scene)
    return own === 0 || own <= fall.left || listed - own + fall.left >= replicasOf(view)
  }
  return wasSo(write, enough)
    ? undefined
    : `${fall.name} shrinks from ${fall.had} to ${fall.left} pods, and too few are left`
}

/** A pod that is given to another role leaves enough behind. */
function left(write: Write, scene: Scene): string | undefined {
  if (!write.cause.ours || write.shelf !== 'pods' || write.before === undefined) return undefined
  const [from, to] = [roleIn(write.before), write.after === undefined ? '' : roleIn(write.after)]
  if (from === undefined || from === to) return undefined
  const enough = (view: Truth): boolean => {
    const weight = backends(view, scene).find(({ role }) => role === from)?.weight ?? 0
    const ready = [...view.pods].filter(
      ([key, pod]) => key !== write.key && roleIn(pod) === from && isReady(pod),
    )
    return podsFor(scene.setting, replicasOf(view), weight, from) <= ready.length
  }
  return wasSo(write, enough) ? undefined : `${write.key} leaves ${from} under its traffic`
}

function roleIn({ metadata }: Pod): string | undefined {
  return metadata.labels?.[labels.role]
}
