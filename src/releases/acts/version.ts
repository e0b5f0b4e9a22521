/** Asks for another version: one patch where the object says which is to run, refused if that has changed meanwhile. */
import { pointer } from '#core/decision.ts'
import { kindOf } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { PodTemplate } from '#core/k8s/workloads.ts'
import type { TemplateVerb } from '#core/template-changes.ts'
import type { VersionPlace } from '#doors/door.ts'
import { KubeError } from '#kube/errors.ts'
import { type Entry, fullName } from '../entry.ts'
import { RefusedError } from '../errors.ts'
import type { Place } from '../find.ts'
import { assertTaken } from './meant.ts'
import type { Writing } from './writing.ts'

export type VersionNow = {
  readonly place: VersionPlace
  readonly object: KubeObject
  /** What stands there: a pod template, or an image reference. */
  readonly value: unknown
}

/** Where and what it is now. @throws RefusedError where people do not choose the version. */
export async function versionNow(
  { cluster }: Pick<Place, 'cluster'>,
  entry: Entry,
  verb: TemplateVerb,
): Promise<VersionNow> {
  assertTaken(entry, verb, verb.replace('-', ' '))
  const place = entry.resource.actions?.version(entry.object)
  if (place === undefined)
    throw new RefusedError(
      `${fullName(entry)}: its ${entry.resource.kind.kind} does not say which version runs`,
    )
  const { apiVersion, kind, namespace = entry.namespace, name } = place.at
  const isOwn = kind === entry.object.kind && name === entry.name
  const object = isOwn
    ? entry.object
    : await cluster.get(kindOf(kind, apiVersion), { namespace, name })
  return { place, object, value: valueAt(object, place.path) }
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key],
    object,
  )
}

/** @throws RefusedError where a pod template is needed and there is none. */
export function templateIn(entry: Entry, { place, value }: VersionNow, what: string): PodTemplate {
  if (place.kind === 'template' && value !== undefined) return value as PodTemplate
  throw new RefusedError(
    `${fullName(entry)}: its ${entry.resource.kind.kind} has no pod template, which ${what} would change; set its image instead`,
  )
}

/** @throws RefusedError when somebody else changed it meanwhile, or the server refuses it. */
export async function askFor(
  { cluster }: Pick<Place, 'cluster'>,
  { place, object, value }: VersionNow,
  next: unknown,
  { fieldManager, dryRun = false }: Writing,
): Promise<KubeObject> {
  const { apiVersion, kind, namespace = 'default', name } = place.at
  const path = pointer(...place.path)
  const patch = [
    { op: 'test', path: '/metadata/uid', value: object.metadata.uid },
    { op: 'test', path, value },
    { op: 'replace', path, value: next },
  ]
  try {
    const options = { dryRun, fieldManager }
    return await cluster.patch(
      kindOf(kind, apiVersion),
      { namespace, name },
      'json',
      patch,
      options,
    )
  } catch (error) {
    if (!(error instanceof KubeError) || ![409, 422].includes(error.code)) throw error
    throw new RefusedError(
      `${kind} ${name} is not changed: ${error.message}; look at it again, somebody may have changed it meanwhile`,
    )
  }
}
