/** S4: a Service moves to other pods before traffic uses it; on the way back the weight goes first. */
import { recordOf } from '../record.ts'
import type { Truth } from '../truth.ts'
import { backends, endpoints, podsFor, readyOf, replicasOf, selected } from '../view.ts'
import { type Invariant, shop, wasSo } from './invariant.ts'

export const s4: Invariant = {
  id: 'S4',
  says: 'selectors move before the weight that uses them, and after the weight that leaves them',
  write: (write, scene) => {
    const { setting } = scene
    if (!write.cause.ours) return undefined
    if (write.shelf === 'services' && write.before !== undefined && write.after !== undefined) {
      const [, service = ''] = write.key.split('/')
      const [from, to] = [selected(write.was, service, scene), selected(write.is, service, scene)]
      if (from === undefined || to === undefined || from === to) return undefined
      const carried = (view: Truth): boolean => {
        const backend = backends(view, scene).find((one) => one.service === service)
        const share = backend?.weight ?? 0
        const role = backend?.role ?? ''
        // What has no ready pods serves nobody.
        if (share === 0 || readyOf(view, from) === 0) return true
        return readyOf(view, to) >= podsFor(setting, replicasOf(view), share, role)
      }
      return wasSo(write, carried) ? undefined : `${service} leaves ${from} under its traffic`
    }
    if (write.shelf !== 'routes') return undefined
    const before = new Map(backends(write.was, scene).map(({ role, weight }) => [role, weight]))
    for (const { role, service, weight } of backends(write.is, scene)) {
      if (role === 'stable' || weight <= (before.get(role) ?? 0)) continue
      const meant = (view: Truth): boolean => {
        const meantNow = selected(view, service, scene)
        const { trials } = recordOf(view.releases.get(shop))
        return trials.some(({ revision }) => revision === meantNow)
      }
      if (!wasSo(write, meant)) return `${service} gets ${weight} % before it selects the trial`
      if (!wasSo(write, (view) => replicasOf(view) === 0 || endpoints(view, service, scene) > 0))
        return `${service} gets ${weight} % before it lists the trial`
    }
    return undefined
  },
}
