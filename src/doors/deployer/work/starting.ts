/** Brings the new version up beside the old: variables, Services, and the Release that the engine works on. */

import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { parseInstant } from '#core/time.ts'
import { annotations } from '../names.ts'
import { askedOf, release as releaseOf, releaseSpec } from '../release.ts'
import { isOurs } from '../route.ts'
import { stayingService, versionedService } from '../service.ts'
import { createIfMissing, put, takenBy } from './objects.ts'
import { say } from './say.ts'
import { type Case, Failed, type Step, toStage } from './work.ts'

/** Beyond all limits of ours: it is us who decide when enough was waited. */
const beyondMs = 600_000

export async function startingStage(given: Case): Promise<Step> {
  const { work, key, record, version, release } = given
  const { descriptor } = record.spec
  const { name: id } = record.metadata
  if (release !== undefined && !isOurs(release)) throw new Failed(takenBy(release))
  if (release?.metadata.annotations?.[annotations.deployment] === id) return toStage('pods')
  const injected = await environmentOf(given)
  await createServices(given)
  const at = parseInstant(record.spec.created) ?? 0
  const { workloads, drainMs, timeoutMs } = work.settings
  const spec = releaseSpec(
    { id, descriptor, version, injected, at },
    { workloads, drainMs, deadlineMs: 2 * timeoutMs + beyondMs },
  )
  const serving = release === undefined ? undefined : askedOf(release)
  const wanted = releaseOf(descriptor, { deployment: id, version, spec }, serving)
  await say(given, `${workloads} ${descriptor.appName}-${version} with ${descriptor.replicas} pods`)
  const written = (await put(work, kinds.release, wanted, release)) as Release
  work.own.wrote(key, work.releases, written)
  return toStage('pods')
}

async function environmentOf(given: Case) {
  const { work, record } = given
  const injected = await work
    .environment(record.spec.descriptor.namespace)
    .catch((error: unknown) => {
      throw new Failed(error instanceof Error ? error.message : String(error))
    })
  // Names and no values: these may be secret.
  if (injected.length > 0)
    await say(given, `environment: ${injected.map(({ name }) => name).join(', ')}`)
  return injected
}

/** The one that stays is closed on a first deployment, so that nobody meets pods that nobody has looked at. */
async function createServices({ work, record, version, release }: Case): Promise<void> {
  const { descriptor } = record.spec
  const own = await createIfMissing(work, kinds.service, versionedService(descriptor, version))
  if (!isOurs(own)) throw new Failed(takenBy(own))
  if (release !== undefined) return
  const staying = await createIfMissing(work, kinds.service, stayingService(descriptor, version))
  if (!isOurs(staying)) throw new Failed(takenBy(staying))
}
