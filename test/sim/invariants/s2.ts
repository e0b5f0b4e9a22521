/** S2: no revision has more of the traffic than its recorded step declares, and none gains while it is held. */

import type { Workload } from '#core/k8s/workloads.ts'
import { annotations, labels } from '#core/render/names.ts'
import { recordOf } from '../record.ts'
import { type Truth, type Write, workloadShelves } from '../truth.ts'
import { declared, exposure, isPooled, replicasOf, selected, workloadsOf } from '../view.ts'
import { type Invariant, type Scene, shop, wasSo } from './invariant.ts'

export const s2: Invariant = {
  id: 'S2',
  says: 'exposure never exceeds what is on record, and never rises while held',
  write: (write, scene) => {
    if (!write.cause.ours || !write.is.releases.has(shop)) return undefined
    if (isPooled(scene.setting)) return crowded(write, scene)
    if (write.shelf !== 'routes' && write.shelf !== 'services') return undefined
    const before = exposure(write.was, scene)
    for (const [revision, share] of exposure(write.is, scene)) {
      if (share <= (before.get(revision) ?? 0)) continue
      const problem = gained(write, scene, revision, share)
      if (problem !== undefined) return problem
    }
    return undefined
  },
}

function gained(write: Write, scene: Scene, revision: string, share: number): string | undefined {
  const allowed = (view: Truth): number => declared(view, scene, revision)
  if (!wasSo(write, (view) => share <= allowed(view)))
    return `${revision} rises to ${share} %, of ${allowed(write.was)} % that is on record`
  const isTrial = (view: Truth): boolean =>
    recordOf(view.releases.get(shop)).trials.some((trial) => trial.revision === revision)
  if (write.shelf === 'routes' && isTrial(write.was) && !wasSo(write, (view) => !isHeld(view)))
    return `${revision} rises to ${share} % while it is held`
  return undefined
}

/** Where pods are the share: a trial has no more of them than come nearest to what is on record, and at least one. */
function crowded(write: Write, scene: Scene): string | undefined {
  if (!workloadShelves.includes(write.shelf) || write.after === undefined) return undefined
  // As long as the Service selects one revision, the pods of others have no share.
  if (!wasSo(write, (view) => selected(view, 'shop-stable', scene) === undefined)) return undefined
  const { metadata, spec } = write.after as Workload
  if (metadata.labels?.[labels.release] !== 'shop') return undefined
  const revision = metadata.labels?.[labels.revision] ?? ''
  const before = (write.before as Workload | undefined)?.spec.replicas ?? 0
  const pods = spec.replicas ?? 1
  if (pods <= before || workloadsOf(write.is, revision).length === 0) return undefined
  const most = (view: Truth): number => {
    const weight = declared(view, scene, revision)
    if (weight === 0) return 0
    return weight > 50
      ? replicasOf(view)
      : Math.max(1, Math.floor((replicasOf(view) * weight) / (100 - weight)))
  }
  return wasSo(write, (view) => pods <= most(view))
    ? undefined
    : `${revision} gets ${pods} pods, of ${most(write.was)} that its share on record makes`
}

function isHeld(view: Truth): boolean {
  const { trials, isPaused, measurements } = recordOf(view.releases.get(shop))
  if (trials[0]?.stage !== 'steps' || isReleased(view)) return false
  return isPaused || measurements.some(({ verdict }) => verdict === 'failing')
}

/** A command that ends the hold stands on the release: it is obeyed in the pass that records it. */
function isReleased(view: Truth): boolean {
  const asked = view.releases.get(shop)?.metadata.annotations?.[annotations.action] ?? ''
  return /"verb":"(resume|promote|promote-full)"/.test(asked)
}
