/** Whether the cluster serves what the doors read, as this version knows it. */
import type { Definition } from '#core/api/definition.ts'
import type { CustomResourceDefinition } from '#core/k8s/definition.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { orUndefined } from '#releases/entry.ts'
import { type Check, type Finding, ok, warning, wrong } from './finding.ts'

export const definitions: Check = {
  name: 'definitions',
  examine: async ({ cluster, doors }) => {
    const wanted = doors.flatMap(({ crds }) => crds)
    return await Promise.all(
      wanted.map(async (ours) => {
        const { name } = ours.metadata
        const there = await orUndefined(
          cluster.get<CustomResourceDefinition>(kinds.customResourceDefinition, { name }),
        )
        return findingOf(`CustomResourceDefinition ${name}`, ours, there)
      }),
    )
  },
}

const apply = 'apply deploy/crds of this version (kubectl apply --server-side -f deploy/crds)'

function findingOf(
  about: string,
  ours: Definition,
  there: CustomResourceDefinition | undefined,
): Finding {
  if (there === undefined) return wrong(about, 'the cluster does not have it', apply)
  const isEstablished = there.status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  )
  if (isEstablished !== true)
    return wrong(
      about,
      'it is there and not served yet',
      `see kubectl describe crd ${ours.metadata.name}`,
    )
  const missing = ours.spec.versions.filter(
    ({ name, served }) =>
      served && !there.spec.versions.some((one) => one.name === name && one.served),
  )
  if (missing.length > 0)
    return wrong(
      about,
      `version ${missing.map(({ name }) => name).join(', ')} is not served`,
      apply,
    )
  const stored = ours.spec.versions.find(({ storage }) => storage)?.name
  const former = (there.status?.storedVersions ?? []).filter((one) => one !== stored)
  if (former.length > 0)
    return warning(
      about,
      `objects may still be stored as ${former.join(', ')}`,
      'run `headgate migrate storage` before that version goes',
    )
  return isOlder(ours, there)
    ? warning(about, 'it lacks fields that this version knows; the API server drops them', apply)
    : ok(about, `served in ${there.spec.versions.map(({ name }) => name).join(', ')}`)
}

/** Whether a field of ours is unknown there. What the API server adds to a schema does not count. */
function isOlder(ours: Definition, there: CustomResourceDefinition): boolean {
  return ours.spec.versions.some(({ name, schema }) => {
    const other = there.spec.versions.find((one) => one.name === name)
    return !hasFields(schema, other?.schema)
  })
}

function hasFields(ours: unknown, theirs: unknown): boolean {
  if (typeof ours !== 'object' || ours === null || Array.isArray(ours)) return true
  if (typeof theirs !== 'object' || theirs === null) return false
  const other = new Map(Object.entries(theirs))
  return Object.entries(ours).every(([key, value]) => {
    if (key === 'properties' && typeof value === 'object' && value !== null) {
      const fields = other.get(key)
      const known = new Set(
        typeof fields === 'object' && fields !== null ? Object.keys(fields) : [],
      )
      if (Object.keys(value).some((field) => !known.has(field))) return false
    }
    return typeof value !== 'object' || !other.has(key) || hasFields(value, other.get(key))
  })
}
