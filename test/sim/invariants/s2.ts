/** S2: no revision has more of the traffic than its recorded step declares, and none gains while it is held. */

import { annotations } from '#core/render/names.ts'
import { recordOf } from '../record.ts'
import type { Truth, Write } from '../truth.ts'
import { exposure, type Invariant, type Scene, shop, wasSo } from './invariant.ts'

export const s2: Invariant = {
  id: 'S2',
  says: 'exposure never exceeds what is on record, and never rises while held',
  write: (write, scene) => {
    if (!write.cause.ours || (write.shelf !== 'routes' && write.shelf !== 'services'))
      return undefined
    if (!write.is.releases.has(shop)) return undefined
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
  const allowed = (view: Truth): number => scene.story.declared(view, scene.setting, revision)
  if (!wasSo(write, (view) => share <= allowed(view)))
    return `${revision} rises to ${share} %, of ${allowed(write.was)} % that is on record`
  const isTrial = (view: Truth): boolean =>
    recordOf(view.releases.get(shop)).trials.some((trial) => trial.revision === revision)
  if (write.shelf === 'routes' && isTrial(write.was) && !wasSo(write, (view) => !isHeld(view)))
    return `${revision} rises to ${share} % while it is held`
  return undefined
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
