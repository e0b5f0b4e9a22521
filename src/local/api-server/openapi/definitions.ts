/** The schemas of OpenAPI documents: texts put back in, references written out, custom kinds among them. */
import { isObject, type Obj, type Value } from '#core/schema/json.ts'
import { readDescriptions, readRawSchemas } from '../builtin/schemas.ts'
import type { Resource } from '../resource.ts'

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

export type Definitions = { [name: string]: Obj }

/** Where references point, and whether one may stand beside other fields (as in Swagger 2). */
export type Dialect = { readonly prefix: string; readonly wraps: boolean }

/** Every definition that the kinds need, by name. */
export function definitionsFor(resources: readonly Resource[], dialect: Dialect): Definitions {
  const raw = readRawSchemas() as Definitions
  const texts = readDescriptions()
  const result: Definitions = {}
  const add = (name: string): void => {
    const schema = raw[name]
    if (schema === undefined || result[name] !== undefined) return
    result[name] = described(schema, texts[name] ?? {})
    for (const reference of referencesIn(schema)) add(reference)
  }
  for (const name of [
    'DeleteOptions',
    'Status',
    'Patch',
    'WatchEvent',
    'ObjectMeta',
    'ListMeta',
    'APIResourceList',
  ]) {
    add(`${meta}.${name}`)
  }
  for (const resource of resources) {
    if (resource.custom === undefined) add(resource.schemaName)
    else result[resource.schemaName] = customDefinition(resource)
    if (resource.verbs.includes('list')) result[listName(resource)] = listDefinition(resource)
    for (const { name } of resource.subresources) {
      if (name === 'scale') add('io.k8s.api.autoscaling.v1.Scale')
      if (name === 'eviction') add('io.k8s.api.policy.v1.Eviction')
    }
  }
  for (const name of Object.keys(result))
    result[name] = rewrite(result[name] as Obj, dialect) as Obj
  return result
}

export function listName(resource: Resource): string {
  return `${resource.schemaName}List`
}

function described(schema: Obj, texts: Record<string, string>): Obj {
  const copy: Obj = { ...(texts[''] === undefined ? {} : { description: texts[''] }), ...schema }
  if (isObject(schema.properties)) {
    copy.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, field]) => [
        name,
        { ...(texts[name] === undefined ? {} : { description: texts[name] }), ...(field as Obj) },
      ]),
    )
  }
  return copy
}

function referencesIn(value: Value): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (!isObject(value)) return []
  const own = typeof value.$ref === 'string' ? [value.$ref] : []
  return [...own, ...Object.values(value).flatMap(referencesIn)]
}

/** References with their prefix, and our own marks taken out. */
function rewrite(value: Value, dialect: Dialect): Value {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, dialect))
  if (!isObject(value)) return value
  const { $ref, 'x-zero': _zero, ...rest } = value
  const copy: Obj = {}
  for (const [key, item] of Object.entries(rest)) copy[key] = rewrite(item, dialect)
  if (typeof $ref !== 'string') return $ref === undefined ? copy : { ...copy, $ref }
  const reference = { $ref: $ref.startsWith('#') ? $ref : dialect.prefix + $ref }
  if (Object.keys(copy).length === 0) return reference
  return dialect.wraps ? { allOf: [reference], ...copy } : { ...reference, ...copy }
}

const gvkOf = (resource: Resource, kind: string): Value => [
  { group: resource.group, version: resource.version, kind },
]

const apiVersionText =
  'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources'
const kindText =
  'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds'

const head = (metadata: string, text: string): Obj => ({
  apiVersion: { description: apiVersionText, type: 'string' },
  kind: { description: kindText, type: 'string' },
  metadata: { $ref: metadata, description: text },
})

function customDefinition(resource: Resource): Obj {
  const schema = (resource.schema ?? {}) as unknown as Obj
  const own = isObject(schema.properties) ? schema.properties : {}
  const text =
    "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
  return {
    ...schema,
    type: 'object',
    properties: { ...own, ...head(`${meta}.ObjectMeta`, text) },
    'x-kubernetes-group-version-kind': gvkOf(resource, resource.kind),
  }
}

function listDefinition(resource: Resource): Obj {
  const text =
    'Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds'
  const items = {
    description: `List of ${resource.plural}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`,
    type: 'array',
    items: { $ref: resource.schemaName },
  }
  return {
    description: `${resource.listKind} is a list of ${resource.kind}`,
    type: 'object',
    required: ['items'],
    properties: { ...head(`${meta}.ListMeta`, text), items },
    'x-kubernetes-group-version-kind': gvkOf(resource, resource.listKind),
  }
}
