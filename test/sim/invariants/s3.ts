/** S3: capacity before traffic. A share rises only as far as the endpoints behind it carry it. */
import type { Truth, Write } from '../truth.ts'
import { backends, endpoints, podsFor, readyOf, replicasOf, selected } from '../view.ts'
import { type Invariant, type Scene, wasSo } from './invariant.ts'

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
  const { setting } = scene
  const before = new Map(backends(write.was, scene).map(({ role, weight }) => [role, weight]))
  for (const { role, service, weight } of backends(write.is, scene)) {
    if (weight <= (before.get(role) ?? 0)) continue
    const enough = (view: Truth): boolean =>
      endpoints(view, service, scene) >= podsFor(setting, replicasOf(view), weight, role)
    // Stable alone may be asked to carry everything on the way back with what it has.
    if (wasSo(write, enough)) continue
    const has = endpoints(write.was, service, scene)
    return `${role} rises to ${weight} % with ${has} ready endpoints`
  }
  return undefined
}

function pointsAtNothing(write: Write, scene: Scene): string | undefined {
  const [, service = ''] = write.key.split('/')
  const [before, after] = [selected(write.was, service, scene), selected(write.is, service, scene)]
  if (write.before === undefined || after === undefined || before === after) return undefined
  const has = (view: Truth): boolean => replicasOf(view) === 0 || readyOf(view, after) > 0
  return wasSo(write, has) ? undefined : `${service} points at ${after}, which has no ready pod`
}
