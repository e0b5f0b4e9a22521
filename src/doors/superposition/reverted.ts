/** Releases of this door are commanded by Superposition: who edits one by hand is told that it was put back. */
import type { Release } from '#core/api/release.ts'
import { shortHash } from '#core/hash.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { kubernetesEvent } from '#core/outbox/vocabulary.ts'
import type { Instant } from '#core/time.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Log } from '#kube/log.ts'

export async function tellReverted(
  by: {
    readonly cluster: Pick<Cluster, 'create'>
    readonly log: Log
    readonly instance: string
    readonly now: Instant
  },
  release: Release,
): Promise<void> {
  const { metadata } = release
  const id = shortHash([metadata.uid, metadata.resourceVersion, 'Reverted'])
  const note = {
    type: 'Warning' as const,
    action: 'Revert',
    reason: 'Reverted',
    note: 'its spec was changed by hand and put back: Superposition commands this release; change the experiment there',
  }
  by.log.warn({ release: `${metadata.namespace}/${metadata.name}` }, note.note)
  const event = kubernetesEvent(release, { id, at: by.now }, note, by.instance)
  // Telling is a courtesy; what matters is written already.
  await by.cluster.create(kinds.event, event).catch(() => undefined)
}
