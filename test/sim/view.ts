/** What can be said of a view, whichever the strategy, the router and the topology are. */
import type { Workload } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import type { Scene } from './invariants/invariant.ts'
import { shop } from './invariants/invariant.ts'
import { isByRole } from './objects.ts'
import { recordOf, trialOf } from './record.ts'
import { type Backend, backendsOf } from './routes.ts'
import { courses } from './stories/register.ts'
import type { Setting } from './stories/story.ts'
import { type Pod, type Slice, type Truth, workloadShelves } from './truth.ts'

type Told = Pick<Scene, 'setting'>

export function backends(view: Truth, { setting }: Told): readonly Backend[] {
  return backendsOf(view, setting.router)
}

/** Shares of the traffic by revision, per cent, as far as Services select one revision each. */
export function exposure(view: Truth, scene: Told): ReadonlyMap<string, number> {
  const shares = new Map<string, number>()
  for (const { service, weight } of backends(view, scene)) {
    const revision = selected(view, service, scene)
    if (revision !== undefined) shares.set(revision, (shares.get(revision) ?? 0) + weight)
  }
  return shares
}

/** The revision that a Service means: by its selector, or by what runs in the role that it selects. */
export function selected(view: Truth, service: string, { setting }: Told): string | undefined {
  const selector = view.services.get(`default/${service}`)?.spec.selector
  if (!isByRole(setting)) return selector?.[labels.revision]
  const role = selector?.[labels.role]
  const own = workloadsIn(view).find(({ metadata }) => metadata.name === `shop-${role}`)
  return own?.spec.template.metadata?.labels?.[labels.revision]
}

export function workloadsIn(view: Truth): readonly Workload[] {
  return workloadShelves.flatMap((shelf) => [...(view[shelf] as Truth['deployments']).values()])
}

/** Those that a release made for a revision. */
export function workloadsOf(view: Truth, revision: string): readonly Workload[] {
  return workloadsIn(view).filter(
    ({ metadata }) =>
      labels.release in (metadata.labels ?? {}) &&
      metadata.ownerReferences?.some(({ kind }) => kind === 'Deployment') !== true &&
      metadata.labels?.[labels.revision] === revision,
  )
}

export function readyOf(view: Truth, revision: string): number {
  return workloadsOf(view, revision).reduce(
    (sum, { status }) => sum + (status?.readyReplicas ?? 0),
    0,
  )
}

export function replicasOf(view: Truth): number {
  return view.releases.get(shop)?.spec.replicas ?? 1
}

/** Ready endpoints of the pods that the Service means now. */
export function endpoints(view: Truth, service: string, scene: Scene): number {
  const wanted = isByRole(scene.setting) ? undefined : selected(view, service, scene)
  const pods = readyPods(view.slices, 'default/', service)
  if (wanted === undefined) return pods.length
  return pods.filter((pod) => scene.podOf(pod)?.revision === wanted).length
}

export function readyPods(
  slices: ReadonlyMap<string, Slice>,
  prefix: string,
  service: string,
): readonly string[] {
  const found: string[] = []
  for (const [key, { metadata, endpoints: listed }] of slices) {
    if (!key.startsWith(prefix)) continue
    if (metadata.labels?.['kubernetes.io/service-name'] !== service) continue
    for (const { conditions, targetRef } of listed ?? []) {
      if (conditions?.ready !== false && conditions?.terminating !== true)
        found.push(targetRef?.name ?? '')
    }
  }
  return found
}

export function isReady({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True')
  )
}

/** Per cent of the traffic that a revision may have by what is on record. */
export function declared(view: Truth, { setting }: Told, revision: string): number {
  const release = view.releases.get(shop)
  const { stable, trials } = recordOf(release)
  const [trial] = trials
  if (release === undefined || stable === '' || stable === revision) return 100
  if (trial?.revision !== revision || trial.stage === 'retreating') return 0
  return trial.stage === 'steps' ? courses[setting.strategy].declared(release) : 100
}

/** Weights that the plan names for a candidate. */
export function named(view: Truth, { setting }: Told): readonly number[] {
  const release = view.releases.get(shop)
  return release === undefined ? [] : courses[setting.strategy].named(release)
}

/** Pods that so much traffic needs, by the plan. */
export function podsFor(setting: Setting, replicas: number, weight: number, role: string): number {
  const byRule = Math.ceil((replicas * weight) / 100)
  if (role === 'stable') return byRule
  const asked = (setting.form.canary?.steps ?? []).flatMap((step) => step.replicas ?? [])
  return Math.min(byRule, ...asked)
}

/** Whether one Service selects the pods of several revisions, so that traffic goes by their number. */
export function isPooled({ router, strategy }: Setting): boolean {
  return strategy === 'rolling' || (router === 'service' && strategy !== 'blueGreen')
}

/** Where the judged pods take the place of stable's own under its fixed name. */
export function changesSeats(view: Truth, setting: Setting): boolean {
  return isByRole(setting) && trialOf(view.releases.get(shop))?.stage === 'promoting'
}
