/** S5: drain before removal. Pods go once the route that leaves them was taken up and has had time to settle. */
import type { ReplicaSet } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import { readyPods } from '../traffic.ts'
import type { Truth, Write } from '../truth.ts'
import { type Invariant, type Scene, shop, wasSo } from './invariant.ts'
import { replicasOf } from './s3.ts'

/** Clocks of instances run at most twice as fast as the world. */
const fastest = 2
const settleMs = 200

export const s5: Invariant = {
  id: 'S5',
  says: 'pods go only when the gateway has followed and no traffic needs them',
  write: (write, scene) => {
    const fall = fallOf(write)
    if (fall === undefined) return undefined
    const settled = (view: Truth): boolean => isSettled(view, write.cause.issuedAt, scene)
    if (!wasSo(write, settled)) return `pods of ${fall.name} go before the gateway has followed`
    const free = (view: Truth): boolean => needed(view, fall, scene) <= fall.left
    if (!wasSo(write, free))
      return `${fall.name} shrinks to ${fall.left} pods, of ${needed(write.was, fall, scene)} that its traffic needs`
    return undefined
  },
}

type Fall = { readonly name: string; readonly revision: string; readonly left: number }

/** A write of ours that takes pods away. */
export function fallOf({ cause, shelf, before, after }: Write): Fall | undefined {
  if (!cause.ours || shelf !== 'workloads' || before === undefined) return undefined
  const [was, is] = [before as ReplicaSet, after as ReplicaSet | undefined]
  const left = is === undefined ? 0 : (is.spec.replicas ?? 1)
  if (left >= (was.spec.replicas ?? 1)) return undefined
  const { name, labels: own } = was.metadata
  return { name, revision: own?.[labels.revision] ?? '', left }
}

function isSettled(view: Truth, at: number, { acceptedAt }: Scene): boolean {
  const route = view.routes.get(shop)
  if (route === undefined) return true
  const since = acceptedAt(route.metadata.uid ?? '', route.metadata.generation ?? 0)
  return since !== undefined && at - since >= settleMs / fastest
}

function needed(view: Truth, { revision, name }: Fall, { story, setting }: Scene): number {
  let pods = 0
  for (const { role, service, weight } of story.backends(view, setting)) {
    if (weight === 0) continue
    const selects = story.selected(view, service) === revision
    const lists = readyPods(view.slices, 'default/', service).some((pod) =>
      pod.startsWith(`${name}-`),
    )
    if (selects || lists)
      pods = Math.max(pods, story.podsFor(setting, replicasOf(view), weight, role))
  }
  return pods
}
