/** S3: capacity before traffic. A share rises only as far as the endpoints behind it carry it. */
import type { ReplicaSet } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import { readyPods } from '../traffic.ts'
import type { Truth, Write } from '../truth.ts'
import { type Invariant, type Scene, shop, wasSo } from './invariant.ts'

export const s3: Invariant = {
  id: 'S3',
  says: 'a share rises only as far as ready endpoints carry it; no selector points at nothing',
  write: (write, scene) => {
    if (!write.cause.ours) return undefined
    if (write.shelf === 'routes') return shortOfPods(write, scene)
    return write.shelf === 'services' ? pointsAtNothing(write, scene) : undefined
  },
}

function shortOfPods(write: Write, scene: Scene): string | undefined {
  const { story, setting } = scene
  const before = new Map(
    story.backends(write.was, setting).map(({ role, weight }) => [role, weight]),
  )
  for (const { role, service, weight } of story.backends(write.is, setting)) {
    if (weight <= (before.get(role) ?? 0)) continue
    const enough = (view: Truth): boolean =>
      endpoints(view, service) >= story.podsFor(setting, replicasOf(view), weight, role)
    // Stable alone may be asked to carry everything on the way back with what it has.
    if (wasSo(write, enough)) continue
    const has = endpoints(write.was, service)
    return `${role} rises to ${weight} % with ${has} ready endpoints`
  }
  return undefined
}

function pointsAtNothing(write: Write, { story }: Scene): string | undefined {
  const [, service = ''] = write.key.split('/')
  const [before, after] = [story.selected(write.was, service), story.selected(write.is, service)]
  if (write.before === undefined || after === undefined || before === after) return undefined
  const has = (view: Truth): boolean => replicasOf(view) === 0 || readyOf(view, after) > 0
  return wasSo(write, has) ? undefined : `${service} points at ${after}, which has no ready pod`
}

/** Ready endpoints of the pods that the Service means now. */
export function endpoints(view: Truth, service: string): number {
  const selected = view.services.get(`default/${service}`)?.spec.selector?.[labels.revision]
  const own = [...view.workloads.values()].filter(
    ({ metadata }) => selected === undefined || metadata.labels?.[labels.revision] === selected,
  )
  const names = new Set(own.map(({ metadata }) => metadata.name))
  const isOwn = (pod: string): boolean => names.has(pod.slice(0, pod.lastIndexOf('-')))
  return readyPods(view.slices, 'default/', service).filter(isOwn).length
}

export function readyOf(view: Truth, revision: string): number {
  return workloadsOf(view, revision).reduce(
    (sum, { status }) => sum + (status?.readyReplicas ?? 0),
    0,
  )
}

export function workloadsOf(view: Truth, revision: string): readonly ReplicaSet[] {
  return [...view.workloads.values()].filter(
    ({ metadata }) => metadata.labels?.[labels.revision] === revision,
  )
}

export function replicasOf(view: Truth): number {
  return view.releases.get(shop)?.spec.replicas ?? 1
}
