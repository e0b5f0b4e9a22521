/** The paths of OpenAPI documents, by rule from the table of kinds. */
import type { Obj } from '#core/schema/json.ts'
import { apiVersionOf, type Resource } from '../resource.ts'
import { listName } from './definitions.ts'

/** How an operation names its answer and its body; the two versions of OpenAPI differ in little else. */
export type Style = {
  readonly answer: (definition: string) => Obj
  readonly body: (definition: string, types: readonly string[]) => Obj
  readonly parameter: (name: string, type: string, place: 'query' | 'path') => Obj
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]
const writeOptions = ['dryRun', 'fieldManager', 'fieldValidation']
const listOptions = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
]
const flags = new Set([
  'allowWatchBookmarks',
  'sendInitialEvents',
  'watch',
  'force',
  'orphanDependents',
])
const numbers = new Set(['limit', 'timeoutSeconds', 'gracePeriodSeconds'])

/** All paths of one kind. */
export function pathsOf(resource: Resource, style: Style): { [path: string]: Obj } {
  const { group, plural, namespaced } = resource
  const root = `${group === '' ? '/api' : '/apis'}/${apiVersionOf(resource)}`
  const base = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`
  const paths: { [path: string]: Obj } = {}
  const collection = collectionPath(resource, style, namespaced)
  if (Object.keys(collection).length > 1) paths[base] = collection
  if (resource.verbs.includes('get')) paths[`${base}/{name}`] = itemPath(resource, style)
  if (namespaced && resource.verbs.includes('list')) {
    const get = operation(resource, style, 'list', listOptions, style.answer(listName(resource)))
    paths[`${root}/${plural}`] = { get, parameters: [] }
  }
  for (const sub of resource.subresources) {
    if (!['status', 'scale'].includes(sub.name)) continue
    const kind = {
      group: sub.group ?? group,
      version: sub.version ?? resource.version,
      kind: sub.kind,
    }
    const schemaName =
      sub.name === 'scale' ? 'io.k8s.api.autoscaling.v1.Scale' : resource.schemaName
    const part: Resource = { ...resource, ...kind, schemaName, verbs: sub.verbs, subresources: [] }
    paths[`${base}/{name}/${sub.name}`] = itemPath(part, style)
  }
  return paths
}

function placeParameters(style: Style, names: readonly string[]): Obj[] {
  return names.map((name) => style.parameter(name, 'string', 'path'))
}

function collectionPath(resource: Resource, style: Style, namespaced: boolean): Obj {
  const { verbs, schemaName } = resource
  const path: Obj = { parameters: placeParameters(style, namespaced ? ['namespace'] : []) }
  if (verbs.includes('list')) {
    path.get = operation(resource, style, 'list', listOptions, style.answer(listName(resource)))
  }
  if (verbs.includes('create')) {
    const post = operation(resource, style, 'post', writeOptions, style.answer(schemaName))
    path.post = withBody(post, style.body(schemaName, ['application/json', 'application/yaml']))
  }
  if (verbs.includes('deletecollection')) {
    const options = [...listOptions, 'gracePeriodSeconds', 'propagationPolicy', 'dryRun']
    path.delete = operation(
      resource,
      style,
      'deletecollection',
      options,
      style.answer(`${meta}.Status`),
    )
  }
  return path
}

function itemPath(resource: Resource, style: Style): Obj {
  const { verbs, schemaName, namespaced } = resource
  const names = namespaced ? ['name', 'namespace'] : ['name']
  const path: Obj = { parameters: placeParameters(style, names) }
  const answer = style.answer(schemaName)
  if (verbs.includes('get')) path.get = operation(resource, style, 'get', [], answer)
  if (verbs.includes('update')) {
    const put = operation(resource, style, 'put', writeOptions, answer)
    path.put = withBody(put, style.body(schemaName, ['application/json', 'application/yaml']))
  }
  if (verbs.includes('patch')) {
    const types =
      resource.custom === undefined
        ? patchTypes
        : patchTypes.filter((t) => !t.includes('strategic'))
    const patch = operation(resource, style, 'patch', [...writeOptions, 'force'], answer)
    path.patch = withBody(patch, style.body(`${meta}.Patch`, types))
  }
  if (verbs.includes('delete')) {
    const options = ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy']
    const remove = operation(resource, style, 'delete', options, style.answer(`${meta}.Status`))
    path.delete = withBody(remove, style.body(`${meta}.DeleteOptions`, ['application/json']))
  }
  return path
}

function operation(
  resource: Resource,
  style: Style,
  action: string,
  options: readonly string[],
  answer: Obj,
): Obj {
  const { group, version, kind } = resource
  const typeOf = (name: string): string =>
    flags.has(name) ? 'boolean' : numbers.has(name) ? 'integer' : 'string'
  return {
    parameters: options.map((name) => style.parameter(name, typeOf(name), 'query')),
    responses: { 200: answer, 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  }
}

function withBody(operation: Obj, body: Obj): Obj {
  const { parameters, ...rest } = operation
  if (body.in === undefined) return { parameters: parameters ?? [], requestBody: body, ...rest }
  return { parameters: [...(parameters as Obj[]), body], ...rest }
}
