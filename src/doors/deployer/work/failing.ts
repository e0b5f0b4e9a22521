/** A failed deployment is cleaned up: the route as before, the version before serves, nothing of the new one is left. */
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { parseInstant } from '#core/time.ts'
import { annotations, versionedName } from '../names.ts'
import { release as releaseOf, servingOf } from '../release.ts'
import { isOurs } from '../route.ts'
import { put, removeOurs } from './objects.ts'
import { podsOf } from './pods.ts'
import { restoreRoute } from './route-stage.ts'
import { say } from './say.ts'
import { type Case, type Step, wait } from './work.ts'

const lookAgainMs = 5000
const goesMs = 90_000

export async function failingStage(given: Case): Promise<Step> {
  const { record, release, version } = given
  const { name: id } = record.metadata
  await say(given, `failed: ${record.status?.failure ?? 'for an unknown reason'}`)
  const isOurRelease =
    release !== undefined &&
    isOurs(release) &&
    release.metadata.annotations?.[annotations.deployment] === id
  const hasServices = version !== '' && (release === undefined || isOurRelease)
  if (release === undefined && version === '') return end(given)
  if (isOurRelease) await restoreRoute(given)
  const serving = release === undefined ? undefined : servingOf(release)
  if (isOurRelease && serving !== undefined) return back(given, release)
  if (isOurRelease) return gone(given, release)
  if (podsLeft(given)) return wait(lookAgainMs)
  if (release === undefined && hasServices) await withoutServices(given)
  else if (version !== '') await withoutVersioned(given)
  return end(given)
}

function podsLeft(given: Case): boolean {
  const { work, record, version } = given
  if (version === '' || isOverdue(given)) return false
  return podsOf(work, record.spec.descriptor, version).length > 0
}

/** What does not go holds nobody up for ever: the next deployment may help. */
function isOverdue({ work, record }: Case): boolean {
  return work.clock.now() >= (parseInstant(record.status?.since) ?? 0) + goesMs
}

async function end(given: Case): Promise<Step> {
  await say(given, 'cleaned up')
  return { kind: 'end', status: 'FAILURE' }
}

/** The Release asks for what served before; the engine takes the new version away. */
async function back(given: Case, release: Release): Promise<Step> {
  const { work, key, record } = given
  const serving = servingOf(release)
  if (serving === undefined) return wait(lookAgainMs)
  // Said first: what is done is not done again after a crash, what is said is.
  await say(given, `version ${serving.version} goes on serving`)
  const wanted = releaseOf(record.spec.descriptor, serving, serving)
  if (release.spec.revision !== serving.version) {
    const kept = { [annotations.deployment]: record.metadata.name }
    const metadata = {
      ...wanted.metadata,
      annotations: { ...wanted.metadata.annotations, ...kept },
    }
    const written = await put(work, kinds.release, { ...wanted, metadata }, release)
    work.own.wrote(key, work.releases, written)
    return wait(lookAgainMs)
  }
  const { status, metadata } = release
  const isAtRest =
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.trials ?? []).length === 0 &&
    status?.stable?.revision === serving.version
  if (podsLeft(given) || (!isAtRest && !isOverdue(given))) return wait(lookAgainMs)
  await withoutVersioned(given)
  // From here on the Release is that of the version before again.
  const written = await put(
    work,
    kinds.release,
    releaseOf(record.spec.descriptor, serving, undefined),
    release,
  )
  work.own.wrote(key, work.releases, written)
  return end(given)
}

/** A53: after a first deployment nothing is left. */
async function gone(given: Case, release: Release): Promise<Step> {
  const { work, key, record } = given
  await withoutServices(given)
  const { namespace, appName } = record.spec.descriptor
  await removeOurs(work, kinds.release, { namespace, name: appName })
  work.own.removed(key, work.releases, release)
  return isOverdue(given) ? end(given) : wait(lookAgainMs)
}

async function withoutServices(given: Case): Promise<void> {
  const { work, record } = given
  const { namespace, appName } = record.spec.descriptor
  await removeOurs(work, kinds.service, { namespace, name: appName })
  await withoutVersioned(given)
}

async function withoutVersioned({ work, record, version }: Case): Promise<void> {
  const { namespace, appName } = record.spec.descriptor
  await removeOurs(work, kinds.service, { namespace, name: versionedName(appName, version) })
}
