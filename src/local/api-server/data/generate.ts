/**
 * Writes the four data files of this folder from a Kubernetes source tree, so that names, verbs, merge keys and
 * descriptions are never typed by hand:
 *
 *   node generate.ts KUBERNETES_DIR API_DIR APIMACHINERY_DIR APIEXTENSIONS_DIR
 *
 * (the unpacked Go modules k8s.io/kubernetes, k8s.io/api, k8s.io/apimachinery, k8s.io/apiextensions-apiserver of one
 * release). The data are Kubernetes' own, Apache-2.0.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Tree = { [key: string]: unknown }

/** Group versions that are served; everything else is left out on purpose. */
const served = [
  'v1',
  'apps/v1',
  'batch/v1',
  'discovery.k8s.io/v1',
  'coordination.k8s.io/v1',
  'events.k8s.io/v1',
  'networking.k8s.io/v1',
  'rbac.authorization.k8s.io/v1',
  'scheduling.k8s.io/v1',
  'autoscaling/v2',
  'policy/v1',
  'apiextensions.k8s.io/v1',
  'admissionregistration.k8s.io/v1',
  'authentication.k8s.io/v1',
  'authorization.k8s.io/v1',
]
/** Kinds of those group versions that nothing here could keep true to a real server. */
const left = new Set([
  'ipaddresses',
  'servicecidrs',
  'componentstatuses',
  'bindings',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
])
const leftSubresources = new Set(['attach', 'exec', 'portforward', 'resize', 'ephemeralcontainers'])

const [kubernetesDir = '', apiDir = '', machineryDir = '', extensionsDir = ''] =
  process.argv.slice(2)
const here = import.meta.dirname
const read = (path: string): Tree => JSON.parse(readFileSync(path, 'utf8')) as Tree

const specName = (gv: string): string =>
  gv === 'v1' ? 'api__v1' : `apis__${gv.replace('/', '__')}`

const schemas: Tree = {}
const models: Tree = {}
for (const gv of [...served, 'autoscaling/v1']) {
  const doc = read(join(kubernetesDir, 'api/openapi-spec/v3', `${specName(gv)}_openapi.json`))
  Object.assign(schemas, (doc.components as Tree).schemas)
}

const goFields = readGoStructs()
const kinds = readKinds()
const wanted = closure([
  ...kinds.map((row) => row.schema as string),
  'io.k8s.api.autoscaling.v1.Scale',
  'io.k8s.api.policy.v1.Eviction',
  'io.k8s.api.authentication.v1.TokenRequest',
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch',
  'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent',
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList',
])
const descriptions: Tree = {}
for (const name of [...wanted].sort()) models[name] = withoutDescriptions(name)

writeLines(
  'kinds.json',
  kinds.map((row) => JSON.stringify(row)),
)
writeMap('schemas.json', models)
writeMap('descriptions.json', descriptions)
writeMap('protobuf.json', protobufNumbers())

/** Field numbers by definition: `{"1": "metadata"}`, or `{"2": ["definition"]}` for a struct that Go embeds. */
function protobufNumbers(): Tree {
  const result: Tree = {}
  const add = (name: string): void => {
    const numbers = goFields.numbers(name)
    if (numbers === undefined || result[name] !== undefined) return
    result[name] = numbers
    for (const value of Object.values(numbers)) if (Array.isArray(value)) add(value[0])
  }
  for (const name of [...wanted].sort()) add(name)
  return result
}

function writeLines(file: string, lines: string[]): void {
  writeFileSync(join(here, file), `[\n${lines.join(',\n')}\n]\n`)
}

function writeMap(file: string, map: Tree): void {
  const lines = Object.entries(map).map(
    ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
  )
  writeFileSync(join(here, file), `{\n${lines.join(',\n')}\n}\n`)
}

function readKinds(): Tree[] {
  const core = read(join(kubernetesDir, 'api/discovery/api__v1.json'))
  const aggregated = read(join(kubernetesDir, 'api/discovery/aggregated_v2.json'))
  const rows: Tree[] = []
  const lists = [{ gv: 'v1', resources: core.resources as Tree[] }]
  for (const group of aggregated.items as Tree[]) {
    for (const version of group.versions as Tree[]) {
      const gv = `${(group.metadata as Tree).name}/${version.version}`
      if (!served.includes(gv)) continue
      const list = read(join(kubernetesDir, 'api/discovery', `${specName(gv)}.json`))
      lists.push({ gv, resources: list.resources as Tree[] })
    }
  }
  for (const { gv, resources } of lists) rows.push(...kindRows(gv, resources))
  return rows
}

function kindRows(gv: string, resources: Tree[]): Tree[] {
  const [group, version] = gv.includes('/') ? gv.split('/') : ['', gv]
  const rows: Tree[] = []
  for (const resource of resources) {
    const name = resource.name as string
    if (name.includes('/') || left.has(name)) continue
    const subresources = resources
      .filter((other) => (other.name as string).startsWith(`${name}/`))
      .map((other) => ({
        name: (other.name as string).slice(name.length + 1),
        kind: other.kind,
        ...(other.group === undefined ? {} : { group: other.group, version: other.version }),
        verbs: other.verbs,
      }))
      .filter((other) => !leftSubresources.has(other.name))
    rows.push({
      group,
      version,
      kind: resource.kind,
      plural: name,
      singular: resource.singularName,
      namespaced: resource.namespaced,
      ...(resource.shortNames === undefined ? {} : { shortNames: resource.shortNames }),
      ...(resource.categories === undefined ? {} : { categories: resource.categories }),
      verbs: resource.verbs,
      ...(resource.storageVersionHash === undefined ? {} : { hash: resource.storageVersionHash }),
      subresources,
      schema: schemaOf(group as string, version as string, resource.kind as string),
    })
  }
  return rows
}

function schemaOf(group: string, version: string, kind: string): string {
  for (const [name, schema] of Object.entries(schemas)) {
    const marks = (schema as Tree)['x-kubernetes-group-version-kind'] as Tree[] | undefined
    const found = marks?.some((m) => m.group === group && m.version === version && m.kind === kind)
    if (found === true) return name
  }
  throw new Error(`no schema for ${group}/${version} ${kind}`)
}

function refName(ref: unknown): string {
  return (ref as string).replace('#/components/schemas/', '')
}

function closure(roots: string[]): Set<string> {
  const seen = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (typeof value !== 'object' || value === null) return
    const ref = (value as Tree).$ref
    if (typeof ref === 'string') add(refName(ref))
    Object.values(value).forEach(visit)
  }
  const add = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    visit(schemas[name])
  }
  roots.forEach(add)
  // Lists are written out by rule.
  return new Set([...seen].filter((name) => schemas[name] !== undefined))
}

/** Plain `$ref` instead of `allOf`, descriptions taken out into their own map, Go's zero-value rule put in. */
function withoutDescriptions(name: string): Tree {
  const schema = structuredClone(schemas[name]) as Tree
  const texts: Tree = {}
  if (schema.description !== undefined) texts[''] = schema.description
  delete schema.description
  for (const [property, value] of Object.entries((schema.properties ?? {}) as Tree)) {
    const field = value as Tree
    if (field.description !== undefined) texts[property] = field.description
    delete field.description
    flatten(field)
    const zero = goFields.zeros(name)?.[property]
    if (zero !== undefined) field['x-zero'] = zero
  }
  if (typeof schema.additionalProperties === 'object') flatten(schema.additionalProperties as Tree)
  descriptions[name] = texts
  return schema
}

function flatten(field: Tree): void {
  const all = field.allOf as Tree[] | undefined
  if (all?.length === 1) {
    field.$ref = refName(all[0]?.$ref)
    delete field.allOf
  } else if (typeof field.$ref === 'string') field.$ref = refName(field.$ref)
  for (const key of ['items', 'additionalProperties']) {
    if (typeof field[key] === 'object') flatten(field[key] as Tree)
  }
}

/** For a schema name: what Go's encoder does with a zero value of each property. */
function readGoStructs(): {
  zeros: (schema: string) => Record<string, string> | undefined
  numbers: (schema: string) => Record<string, string | [string]> | undefined
} {
  const packages = new Map<string, Map<string, string>>()
  const load = (key: string, dir: string): void => {
    const structs = new Map<string, string>()
    for (const file of readdirSync(dir).filter(
      (f) => f.endsWith('.go') && !f.endsWith('_test.go'),
    )) {
      const text = readFileSync(join(dir, file), 'utf8')
      for (const match of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
        structs.set(match[1] as string, match[2] as string)
      }
    }
    packages.set(key, structs)
  }
  for (const group of readdirSync(apiDir, { withFileTypes: true }).filter((d) => d.isDirectory())) {
    for (const version of readdirSync(join(apiDir, group.name))) {
      if (/^v\d/.test(version))
        load(`io.k8s.api.${group.name}.${version}`, join(apiDir, group.name, version))
    }
  }
  load('io.k8s.apimachinery.pkg.apis.meta.v1', join(machineryDir, 'pkg/apis/meta/v1'))
  load(
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
    join(extensionsDir, 'pkg/apis/apiextensions/v1'),
  )
  const fieldsOf = (structs: Map<string, string>, name: string): Record<string, string> => {
    const result: Record<string, string> = {}
    for (const line of (structs.get(name) ?? '').split('\n')) {
      const match = /^\s+(?:(\w+)\s+)?(\S+)\s+`.*?json:"([^"]*)"/.exec(line)
      if (match === null) continue
      const [, , type = '', tag = ''] = match
      const [json, ...options] = tag.split(',')
      if (options.includes('inline') || json === '') {
        Object.assign(result, fieldsOf(structs, type.replace(/^.*\./, '')))
        continue
      }
      const omit = options.includes('omitempty') || options.includes('omitzero')
      const pointer = type.startsWith('*')
      // A time that is not set is written as null, even under omitempty; only omitzero drops it.
      const time = /(^|\.)(Micro)?Time$/.test(type) && !options.includes('omitzero')
      if (pointer ? !omit : time) result[json as string] = 'null'
      else if (!pointer) result[json as string] = omit ? 'drop' : 'keep'
    }
    return result
  }
  const numbersOf = (key: string, name: string): Record<string, string | [string]> => {
    const result: Record<string, string | [string]> = {}
    for (const line of (packages.get(key)?.get(name) ?? '').split('\n')) {
      const match = /^\s+(?:\w+\s+)?(\S+)\s+`.*?json:"([^",]*)[^"]*".*protobuf:"\w+,(\d+),/.exec(
        line,
      )
      if (match === null) continue
      const [, type = '', json = '', number = ''] = match
      const inline = type.replace('*', '')
      if (json !== '') result[number] = json
      else result[number] = [`${key}.${inline}`]
    }
    return result
  }
  const split = (schema: string): [string, string] => {
    const at = schema.lastIndexOf('.')
    return [schema.slice(0, at), schema.slice(at + 1)]
  }
  return {
    zeros: (schema) => {
      const [key, name] = split(schema)
      const structs = packages.get(key)
      return structs === undefined ? undefined : fieldsOf(structs, name)
    },
    numbers: (schema) => {
      const [key, name] = split(schema)
      const known = packages.get(key)?.has(name) === true
      return known ? numbersOf(key, name) : undefined
    },
  }
}
