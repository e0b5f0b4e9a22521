/** An application at rest: Services of versions that are gone go too, and edits of its Release by hand are taken back. */
import type { Release } from '#core/api/release.ts'
import { contained } from '#core/k8s/compare.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { formatMicroTime, parseInstant } from '#core/time.ts'
import type { LookAgain } from '#kube/work-queue.ts'
import { versionedName } from '../names.ts'
import { askedOf, type Remembered } from '../release.ts'
import { isOurs } from '../route.ts'
import { removeServices } from './undeploy.ts'
import { mustLead, type Work } from './work.ts'

export async function tidy(work: Work, key: string): Promise<LookAgain> {
  const release = work.releases.get(key)
  if (release === undefined || !isOurs(release)) return undefined
  if (release.metadata.deletionTimestamp !== undefined) return undefined
  const asked = askedOf(release)
  if (asked === undefined) return undefined
  if (!contained(asked.spec, release.spec) || !contained(plain(release), asked.spec)) {
    const { generation = 0 } = release.metadata
    // What a server makes of it anew each time is no edit, and must not be fought over.
    if (work.takenBack.get(key) === generation - 1) return undefined
    work.takenBack.set(key, generation)
    await takeBack(work, key, release, asked)
    return undefined
  }
  const { namespace = 'default', name } = release.metadata
  const { stable, previous, trials = [] } = release.status ?? {}
  if (stable?.revision !== asked.version || trials.length > 0) return undefined
  if (work.tidied.get(key) === asked.version) return undefined
  const drained = (parseInstant(previous?.until) ?? 0) - work.clock.now()
  if (drained > 0) return drained
  const others = [...work.pods.values()].some(
    ({ metadata, app, revision }) =>
      app === name && metadata.namespace === namespace && revision !== asked.version,
  )
  // Their end wakes us.
  if (others) return undefined
  const kept = [name, versionedName(name, asked.version)]
  await removeServices(work, namespace, name, (service) => kept.includes(service))
  work.tidied.set(key, asked.version)
  return undefined
}

/** What the server adds of its own is no edit. */
function plain({ spec }: Release): unknown {
  const { replicas, revision, selector, template, services } = spec
  return {
    replicas,
    revision,
    selector,
    template: { spec: { containers: template.spec.containers } },
    services,
  }
}

async function takeBack(
  work: Work,
  key: string,
  release: Release,
  asked: Remembered,
): Promise<void> {
  mustLead(work)
  const written = await work.cluster.replace<Release>(kinds.release, {
    ...release,
    spec: asked.spec,
  })
  work.own.wrote(key, work.releases, written)
  await tell(work, release, 'an edit by hand was taken back; deploy another version instead')
}

/** An Event about a Release of ours. That nobody could be told stops nothing. */
async function tell(work: Work, release: Release, note: string): Promise<void> {
  const { namespace = 'default', name, uid = '', resourceVersion = '' } = release.metadata
  const event = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name}.${work.cluster.ports.newId()}`, namespace },
    eventTime: formatMicroTime(work.clock.now()),
    reportingController: 'headgate.dev/deployer',
    reportingInstance: work.instance,
    action: 'Revert',
    reason: 'EditTakenBack',
    type: 'Warning',
    note,
    regarding: {
      apiVersion: release.apiVersion,
      kind: release.kind,
      namespace,
      name,
      uid,
      resourceVersion,
    },
  }
  await work.cluster.create(kinds.event, event as KubeObject).catch((error: unknown) => {
    work.log.warn({ error: String(error), release: name }, 'an Event could not be written')
  })
}
