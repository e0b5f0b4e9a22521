/** S9: what is not ours is left alone: by owner reference and uid, not by name. */
import type { KubeObject } from '#core/k8s/meta.ts'
import { annotations, finalizer, labels } from '#core/render/names.ts'
import { isTakenOver } from '../objects.ts'
import type { Truth, Write } from '../truth.ts'
import { type Invariant, shop, wasSo } from './invariant.ts'

const named = ['shop', 'shop-stable', 'shop-canary', 'shop-preview', 'shop-b']

export const s9: Invariant = {
  id: 'S9',
  says: 'objects of others are not touched, and no finalizer of others is removed',
  write: (write, { setting }) => {
    if (!write.cause.ours) return undefined
    const theirs = lostFinalizer(write)
    if (theirs !== undefined) return `the finalizer ${theirs} of ${write.key} is removed`
    switch (write.shelf) {
      case 'deployments':
        // Whose pods a release takes over, it scales.
        return isTakenOver(setting) && write.key === shop ? undefined : foreignWorkload(write)
      case 'workloads':
      case 'controllers':
        return foreignWorkload(write)
      case 'pods':
        return foreignPod(write)
      case 'services':
      case 'rules':
      case 'routes':
        return named.includes(write.key.split('/')[1] ?? '')
          ? undefined
          : `${write.key} is not ours`
      case 'releases':
      case 'leases':
      case 'events':
        return undefined
      default:
        return `nobody asked for a write to ${write.shelf}`
    }
  },
}

function foreignWorkload(write: Write): string | undefined {
  const held = write.before ?? write.after
  const owner = held?.metadata.ownerReferences?.find(({ controller }) => controller === true)
  const owns = (view: Truth): boolean =>
    [...view.releases.values()].some(({ metadata }) => metadata.uid === owner?.uid)
  if (owner === undefined)
    return isTakenBack(write) ? undefined : `${write.key} has no owner and is written to`
  return wasSo(write, owns) ? undefined : `${write.key} belongs to ${owner.kind} ${owner.uid}`
}

function foreignPod({ before, key }: Write): string | undefined {
  const release = before?.metadata.labels?.[labels.release]
  return release === 'shop' ? undefined : `the pod ${key} is not ours`
}

/** What bears our mark and lost its owner may be taken back: that, and nothing else, may be done to it. */
function isTakenBack({ before, after, is }: Write): boolean {
  const owner = after?.metadata.ownerReferences?.find(({ controller }) => controller === true)
  return (
    before?.metadata.annotations?.[annotations.written] !== undefined &&
    [...is.releases.values()].some(({ metadata }) => metadata.uid === owner?.uid)
  )
}

function lostFinalizer({ before, after }: Write): string | undefined {
  if (before === undefined) return undefined
  const left = new Set(finalizersOf(after))
  return finalizersOf(before).find((one) => one !== finalizer && !left.has(one))
}

function finalizersOf(object: KubeObject | undefined): readonly string[] {
  return object?.metadata.finalizers ?? []
}
