/** The end of what serves (A34, A55): the front first, then pods, then the Services that nobody can meet any more. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { formatInstant, parseInstant } from '#core/time.ts'
import { deploymentKind } from '../kinds.ts'
import { annotations, doorSelector } from '../names.ts'
import { found } from '../records.ts'
import { isOurs } from '../route.ts'
import { removeOurs } from './objects.ts'
import { podsOf } from './pods.ts'
import { withdraw } from './route-stage.ts'
import { forget, say, sayNow } from './say.ts'
import { type Case, mustLead, type Step, toStage, type Work, wait } from './work.ts'

/** A54. */
const podsGoMs = 90_000

export async function beginUndeploy(given: Case): Promise<Step> {
  if (
    given.record.metadata.annotations?.[annotations.imported] !== undefined &&
    given.release === undefined
  )
    return notOurs(given)
  await say(given, `version ${given.version} is undeployed`)
  const since = formatInstant(given.work.clock.now())
  return toStage('undeploying', { status: 'UNDEPLOYING', since })
}

/** What another program brought up is not ours to take down (weakness 10). */
async function notOurs(given: Case): Promise<Step> {
  await say(
    given,
    `failed: version ${given.version} was brought up by another program; delete its controller, Services and Ingress there`,
  )
  return { kind: 'end', status: 'FAILURE' }
}

export async function undeployStage(given: Case): Promise<Step> {
  const { work, key, record, release } = given
  const { descriptor, appName } = record.spec
  const { namespace } = descriptor
  await withdraw(given)
  if (release !== undefined && isOurs(release)) {
    await removeOurs(work, kinds.release, { namespace, name: appName })
    work.own.removed(key, work.releases, release)
  }
  const left = podsOf(work, descriptor).length
  const isGone = release === undefined || !isOurs(release)
  if (!isGone || left > 0) {
    await sayNow(given, `${left} pods are left`)
    const end = (parseInstant(record.status?.since) ?? 0) + podsGoMs - work.clock.now()
    if (end > 0) return wait(end)
    await say(given, `failed: ${left} pods did not go within ${podsGoMs / 1000} s`)
    return { kind: 'end', status: 'FAILURE' }
  }
  await removeServices(work, namespace, appName)
  await say(given, 'undeployed')
  return { kind: 'end', status: 'UNDEPLOYED' }
}

/** All Services of the application that this door made (weakness 10: no others). */
export async function removeServices(
  work: Work,
  namespace: string,
  appName: string,
  keep: (name: string) => boolean = () => false,
): Promise<void> {
  const labelSelector = `${doorSelector},app=${appName}`
  const { items } = await work.cluster.list<KubeObject>(kinds.service, { namespace, labelSelector })
  for (const { metadata } of items)
    if (!keep(metadata.name))
      await removeOurs(work, kinds.service, { namespace, name: metadata.name })
}

/** With the record goes its log, which it owns. */
export async function deleteRecord({ work, key, record }: Case): Promise<void> {
  mustLead(work)
  const { name, namespace = 'default', uid } = record.metadata
  await found(
    work.cluster.remove(
      deploymentKind,
      { namespace, name },
      { propagation: 'Background', ...(uid === undefined ? {} : { uid }) },
    ),
  )
  work.own.removed(key, work.records.deployments, record)
  forget(work, name)
}
