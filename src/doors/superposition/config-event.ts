/** ConfigChanged: the version is noted on the releases of the workspace, where stable is to follow it. */
import { kinds } from '#core/k8s/kinds.ts'
import type { SuperpositionEvent } from './event.ts'
import { configVersionAnnotation } from './follow.ts'
import { serviceName, usualOrganisation } from './names.ts'
import { isOurs, standingOf } from './release.ts'
import type { Recorded, StoreParts } from './store.ts'

/** Never rejects. */
export async function noteConfig(
  { cluster, settings, releases }: StoreParts,
  { origin }: Extract<SuperpositionEvent, { kind: 'config' }>,
): Promise<Recorded> {
  const { workspace, configVersion, organisation = usualOrganisation } = origin
  const record = `configuration of ${workspace}`
  if (!settings.followConfig || configVersion === undefined)
    return { kind: 'unchanged', record, why: 'nobody follows the configuration here' }
  const service = serviceName(workspace)
  const concerned = [...releases.values()].filter((release) => {
    const source = isOurs(release) ? standingOf(release)?.stable.source : undefined
    return (
      release.metadata.name === service &&
      source?.workspace === workspace &&
      source.organisation === organisation
    )
  })
  try {
    for (const { metadata } of concerned) {
      const at = { namespace: metadata.namespace ?? '', name: metadata.name }
      const annotations = { [configVersionAnnotation]: configVersion }
      await cluster.patch(kinds.release, at, 'merge', { metadata: { annotations } })
    }
    return { kind: 'recorded', record, why: `${concerned.length} releases are told` }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { kind: 'later', why: `the change cannot be noted now: ${why}` }
  }
}
