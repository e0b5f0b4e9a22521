/** CustomResourceDefinitions: the frame that those of all doors and records have in common. */
import type { Kind } from '../k8s/kinds.ts'
import { list, object, type Schema } from './schema-parts.ts'

export type Definition = {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced'
    readonly names: {
      readonly kind: string
      readonly listKind: string
      readonly plural: string
      readonly singular: string
    } & Schema
    readonly versions: readonly [DefinedVersion, ...DefinedVersion[]]
  }
}

export type DefinedVersion = {
  readonly name: string
  readonly served: true
  readonly storage: boolean
  readonly schema: { readonly openAPIV3Schema: Schema }
  readonly subresources?: Schema
  readonly additionalPrinterColumns: readonly Schema[]
}

/** What differs between kinds. */
export type Parts = {
  readonly spec: Schema
  /** Left out, the kind has no status. */
  readonly status?: Schema
  readonly scale?: Schema
  readonly columns: readonly Schema[]
  /** Of the whole object; by default that it has a spec. */
  readonly more?: Schema
}

export const column = (
  title: string,
  type: string,
  jsonPath: string,
  more: Schema = {},
): Schema => ({ name: title, type, jsonPath, ...more })

export const age = column('Age', 'date', '.metadata.creationTimestamp')

/** As metav1.Condition, one of each type. */
export const conditions = list(
  object(
    {
      type: { type: 'string' },
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      observedGeneration: { type: 'integer', format: 'int64' },
      lastTransitionTime: { type: 'string', format: 'date-time' },
      reason: { type: 'string' },
      message: { type: 'string' },
    },
    { required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'] },
  ),
  { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] },
)

/**
 * The definition as it is applied. Several versions have the same schema, so that nothing is lost between them; the one of
 * the kind itself is stored.
 * @param names further ones: `shortNames`, `categories`
 */
export function definition(
  kind: Kind,
  parts: Parts,
  names: Schema = {},
  [first, ...others]: readonly [string, ...string[]] = [kind.version],
): Definition {
  const { group, plural, kind: name } = kind
  const made = (version: string): DefinedVersion =>
    versionOf(version, version === kind.version, parts)
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind: name,
        listKind: `${name}List`,
        plural,
        singular: name.toLowerCase(),
        ...names,
      },
      versions: [made(first), ...others.map(made)],
    },
  }
}

/** The kind that it defines, in the version that is stored. */
export function definedKind({ spec: { group, names, versions } }: Definition): Kind {
  const { name: version } = versions.find(({ storage }) => storage) ?? versions[0]
  return { group, version, kind: names.kind, plural: names.plural, namespaced: true }
}

function versionOf(name: string, storage: boolean, parts: Parts): DefinedVersion {
  const { spec, status, scale, columns, more = { required: ['spec'] } } = parts
  const properties = {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec,
    ...(status === undefined ? {} : { status }),
  }
  const subresources = { status: {}, ...(scale === undefined ? {} : { scale }) }
  return {
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: object(properties, more) },
    ...(status === undefined ? {} : { subresources }),
    additionalPrinterColumns: columns,
  }
}
