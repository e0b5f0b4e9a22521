/** From a custom resource definition to the kinds it makes the server serve. */
import { asArray, asObject, asString, type Obj, objectsOf } from '#core/schema/json.ts'
import type { Schema } from '#core/schema/schema.ts'
import { storageName } from '../builtin/kinds.ts'
import type { PrinterColumn, Resource, Subresource } from '../resource.ts'

const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

/** One resource for each served version. */
export function resourcesOf(definition: Obj): Resource[] {
  const spec = asObject(definition.spec) ?? {}
  const versions = objectsOf(spec.versions)
  return versions
    .filter((version) => version.served === true)
    .map((version) => resourceOf(definition, spec, version))
}

function resourceOf(definition: Obj, spec: Obj, version: Obj): Resource {
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
    subresources: subresourcesOf(kind, subresources),
    schema: schema as Schema | undefined,
    schemaName: `${group.split('.').reverse().join('.')}.${name}.${kind}`,
    storage: storageName(group, plural),
    custom: {
      storageVersion: String(stored?.name ?? name),
      columns: objectsOf(version.additionalPrinterColumns) as unknown as PrinterColumn[],
      selectable: objectsOf(version.selectableFields).map((field) => String(field.jsonPath)),
      hasStatus: subresources.status !== undefined,
      scale: scaleOf(subresources),
      deprecation: deprecationOf(group, name, kind, version),
    },
  }
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
