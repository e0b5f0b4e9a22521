/**
 * Stable follows changes of the configuration, where that is wanted: another configuration is a candidate that is
 * promoted at once, so that it comes up beside the old one and takes over without a gap.
 */
import { canonicalJson, shortHash } from '#core/hash.ts'
import type { Base, BuildParts } from './build.ts'
import type { CandidateWanted } from './plan.ts'
import type { Place, Standing } from './release.ts'

/** On Releases: the version of the configuration that was told last. */
export const configVersionAnnotation = 'superposition.headgate.dev/config-version'

export type ConfigChange = {
  readonly stable: Standing['stable']
  readonly candidate: CandidateWanted | undefined
}

/** @param free How many candidates there is room for. */
export async function configChange(
  { settings, variants }: BuildParts,
  place: Place,
  { stable, standing }: Base,
  free: number,
): Promise<ConfigChange> {
  const version = standing?.release.metadata.annotations?.[configVersionAnnotation]
  const isNews = version !== undefined && version !== stable.source.configVersion
  if (!settings.followConfig || !isNews || stable.source.copied !== undefined)
    return { stable, candidate: undefined }
  const name = `config-${shortHash(version).slice(0, 6)}`
  const source = { ...stable.source, configVersion: version }
  const resolved = await variants.resolved(place, source)
  const { template } = resolved
  const isSame =
    canonicalJson(comparable(template)) === canonicalJson(comparable(stable.resolved.template))
  // Nothing that pods see has changed: at most there are to be more or fewer of them.
  if (isSame) {
    const replicas = { ...stable.resolved, replicas: resolved.replicas }
    return { stable: { ...stable, source, resolved: replicas }, candidate: undefined }
  }
  if (free < 1) return { stable, candidate: undefined }
  const candidate: CandidateWanted = {
    role: name,
    source: { ...source, name },
    weight: 0,
    promote: true,
    version: 1,
    record: '',
  }
  return { stable, candidate }
}

/** A container is named after its Deployment, which says nothing about what it runs. */
function comparable(template: Standing['stable']['resolved']['template']): unknown {
  const containers = template.spec.containers.map((container, index) =>
    index === 0 ? { ...container, name: '' } : container,
  )
  return { ...template, spec: { ...template.spec, containers } }
}
