/** S4: a Service moves to other pods before traffic uses it; on the way back the weight goes first. */
import { recordOf } from '../record.ts'
import type { Truth } from '../truth.ts'
import { type Invariant, shop, wasSo } from './invariant.ts'
import { endpoints, readyOf, replicasOf } from './s3.ts'

export const s4: Invariant = {
  id: 'S4',
  says: 'selectors move before the weight that uses them, and after the weight that leaves them',
  write: (write, { story, setting }) => {
    if (!write.cause.ours) return undefined
    if (write.shelf === 'services' && write.before !== undefined && write.after !== undefined) {
      const [, service = ''] = write.key.split('/')
      const [from, to] = [story.selected(write.was, service), story.selected(write.is, service)]
      if (from === undefined || to === undefined || from === to) return undefined
      const carried = (view: Truth): boolean => {
        const backend = story.backends(view, setting).find((one) => one.service === service)
        const share = backend?.weight ?? 0
        const role = backend?.role ?? ''
        return (
          share === 0 || readyOf(view, to) >= story.podsFor(setting, replicasOf(view), share, role)
        )
      }
      return wasSo(write, carried) ? undefined : `${service} leaves ${from} under its traffic`
    }
    if (write.shelf !== 'routes') return undefined
    const before = new Map(
      story.backends(write.was, setting).map(({ role, weight }) => [role, weight]),
    )
    for (const { role, service, weight } of story.backends(write.is, setting)) {
      if (role === 'stable' || weight <= (before.get(role) ?? 0)) continue
      const meant = (view: Truth): boolean => {
        const selected = story.selected(view, service)
        const { trials } = recordOf(view.releases.get(shop))
        return trials.some(({ revision }) => revision === selected)
      }
      if (!wasSo(write, meant)) return `${service} gets ${weight} % before it selects the trial`
      if (!wasSo(write, (view) => replicasOf(view) === 0 || endpoints(view, service) > 0))
        return `${service} gets ${weight} % before it lists the trial`
    }
    return undefined
  },
}
