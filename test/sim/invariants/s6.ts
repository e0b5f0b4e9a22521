/** S6: until a promotion is on record, stable keeps the pods to take everything back. */
import type { Truth } from '../truth.ts'
import { type Invariant, shop, wasSo } from './invariant.ts'
import { replicasOf } from './s3.ts'
import { fallOf } from './s5.ts'

export const s6: Invariant = {
  id: 'S6',
  says: 'stable keeps enough pods for all of the traffic until the promotion is on record',
  write: (write) => {
    const fall = fallOf(write)
    if (fall === undefined) return undefined
    const stable = (view: Truth): string | undefined =>
      view.releases.get(shop)?.status?.stable?.revision
    const spared = (view: Truth): boolean =>
      stable(view) !== fall.revision || fall.left >= replicasOf(view)
    return wasSo(write, spared) ? undefined : `stable ${fall.revision} shrinks to ${fall.left}`
  },
}
