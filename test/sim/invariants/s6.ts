/** S6: until a promotion is on record, stable keeps the pods to take everything back. */
import type { Truth } from '../truth.ts'
import { changesSeats, isPooled, replicasOf } from '../view.ts'
import { type Invariant, shop, wasSo } from './invariant.ts'
import { fallOf } from './s5.ts'

export const s6: Invariant = {
  id: 'S6',
  says: 'stable keeps enough pods for all of the traffic until the promotion is on record',
  write: (write, { setting }) => {
    const fall = fallOf(write)
    // Behind one Service stable is what makes room; S5 looks at what is left in all.
    if (fall === undefined || isPooled(setting)) return undefined
    const stable = (view: Truth): string | undefined =>
      view.releases.get(shop)?.status?.stable?.revision
    const spared = (view: Truth): boolean =>
      stable(view) !== fall.revision ||
      fall.left >= replicasOf(view) ||
      isElsewhere(view, fall.name) ||
      changesSeats(view, setting)
    return wasSo(write, spared) ? undefined : `stable ${fall.revision} shrinks to ${fall.left}`
  },
}

/** Stable has come home, or lives where it was judged: what runs it beside that is left over. */
function isElsewhere(view: Truth, workload: string): boolean {
  const { seat } = view.releases.get(shop)?.status ?? {}
  return (
    workload.startsWith('shop-') &&
    seatNames.has(workload) &&
    workload !== `shop-${seat ?? 'stable'}`
  )
}

const seatNames = new Set(['shop-stable', 'shop-canary', 'shop-preview', 'shop-b'])
