/** From a custom resource definition to the kinds it makes the server serve. */
import { createHash } from 'node:crypto'
import { asArray, asObject, asString, type Obj, objectsOf } from '#core/schema/json.ts'
import type { Schema } from '#core/schema/schema.ts'
import { storageName } from '../builtin/kinds.ts'
import type { Conversion, PrinterColumn, Resource, Subresource } from '../resource.ts'
import { clientOf } from '../webhook/target.ts'

const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

/** One resource for each served version; each knows all versions, those that are not served as well. */
export function resourcesOf(definition: Obj): Resource[] {
  const spec = asObject(definition.spec) ?? {}
  const versions = objectsOf(spec.versions)
  const all = new Map<string, Resource>()
  const conversion = conversionOf(definition, spec)
  for (const version of versions) {
    all.set(String(version.name), resourceOf(definition, spec, version, { all, conversion }))
  }
  const served = versions.filter((version) => version.served === true)
  return served.map((version) => all.get(String(version.name)) as Resource)
}

function conversionOf({ metadata }: Obj, spec: Obj): Conversion {
  const conversion = asObject(spec.conversion) ?? {}
  const webhook = asObject(conversion.webhook)
  if (conversion.strategy !== 'Webhook' || webhook === undefined) return { kind: 'none' }
  return {
    kind: 'webhook',
    definition: String(asObject(metadata)?.name),
    client: clientOf(asObject(webhook.clientConfig) ?? {}),
    reviewVersions: asArray(webhook.conversionReviewVersions).map(String),
  }
}

type Family = {
  readonly all: ReadonlyMap<string, Resource>
  readonly conversion: Conversion
}

function resourceOf(definition: Obj, spec: Obj, version: Obj, family: Family): Resource {
  const names = asObject(asObject(definition.status)?.acceptedNames) ?? {}
  const group = String(spec.group)
  const plural = String(names.plural)
  const kind = String(names.kind)
  const name = String(version.name)
  const subresources = asObject(version.subresources) ?? {}
  const schema = asObject(asObject(version.schema)?.openAPIV3Schema)
  const stored = objectsOf(spec.versions).find((other) => other.storage === true)
  return {
    group,
    version: name,
    kind,
    listKind: String(names.listKind ?? `${kind}List`),
    plural,
    singular: String(names.singular ?? ''),
    namespaced: spec.scope === 'Namespaced',
    shortNames: asArray(names.shortNames).map(String),
    categories: asArray(names.categories).map(String),
    verbs,
    hash: storageHash(group, String(stored?.name ?? name), kind),
    subresources: subresourcesOf(kind, subresources),
    schema: schema as Schema | undefined,
    schemaName: `${group.split('.').reverse().join('.')}.${name}.${kind}`,
    storage: storageName(group, plural),
    custom: {
      storageVersion: String(stored?.name ?? name),
      versions: family.all,
      conversion: family.conversion,
      columns: objectsOf(version.additionalPrinterColumns) as unknown as PrinterColumn[],
      selectable: objectsOf(version.selectableFields).map((field) => String(field.jsonPath)),
      hasStatus: subresources.status !== undefined,
      scale: scaleOf(subresources),
      deprecation: deprecationOf(group, name, kind, version),
    },
  }
}

/** By which clients see that objects are stored in another form. */
function storageHash(group: string, version: string, kind: string): string {
  const digest = createHash('sha256').update(`${group}/${version}/${kind}`).digest()
  return digest.subarray(0, 8).toString('base64')
}

function subresourcesOf(kind: string, given: Obj): Subresource[] {
  const verbs = ['get', 'patch', 'update']
  return [
    ...(given.status === undefined ? [] : [{ name: 'status', kind, verbs }]),
    ...(given.scale === undefined
      ? []
      : [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs }]),
  ]
}

function scaleOf(subresources: Obj) {
  const scale = asObject(subresources.scale)
  if (scale === undefined) return undefined
  const labelSelectorPath = asString(scale.labelSelectorPath)
  return {
    specReplicasPath: String(scale.specReplicasPath),
    statusReplicasPath: String(scale.statusReplicasPath),
    ...(labelSelectorPath === undefined ? {} : { labelSelectorPath }),
  }
}

function deprecationOf(group: string, version: string, kind: string, given: Obj) {
  if (given.deprecated !== true) return undefined
  return asString(given.deprecationWarning) ?? `${group}/${version} ${kind} is deprecated`
}
