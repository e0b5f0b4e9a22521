/** Server-side apply: a configuration is laid over the object, and its author owns what it says. */

import { parse as parseYaml, YAMLParseError } from 'yaml'
import { asString, clone, equal, isObject, type Obj, type Value } from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import type { HttpResponse } from '#kube/http.ts'
import { jsonText } from '../answer.ts'
import { seconds } from '../builtin/times.ts'
import { isPromise, readableOne } from '../crd/forms.ts'
import { decodeObject } from '../decode.ts'
import { compare } from '../fields/compare.ts'
import {
  difference,
  type FieldSet,
  intersection,
  isEmptySet,
  pathsOf,
  pathText,
  union,
} from '../fields/field-set.ts'
import { filterOf } from '../fields/filter.ts'
import { doubleItem, mergeApplied } from '../fields/merge.ts'
import { mistypedFields } from '../fields/mistyped.ts'
import {
  type Manager,
  type Managers,
  managerKey,
  readManagers,
  stripMeta,
  writeManagers,
} from '../fields/owners.ts'
import { ownershipSchema } from '../fields/ownership-schema.ts'
import {
  bare,
  type Changes,
  conflictsOf,
  emptyObject,
  filtered,
  releaseChanged,
  type trackUpdate,
} from '../fields/track.ts'
import { fieldsOf, removeFields, withNamedFields } from '../fields/tree.ts'
import { undeclaredFields } from '../fields/undeclared.ts'
import { changesElsewhere } from '../fields/versions.ts'
import { flag } from '../list-options.ts'
import { type Call, keyOf } from '../machine.ts'
import { renderOf } from '../render.ts'
import { apiVersionOf, type Stored } from '../resource.ts'
import { ApiError, badRequest, conflict, invalid, notFound } from '../status.ts'
import { createObject } from './create.ts'
import { updateObject } from './update.ts'

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

export async function apply(call: Call): Promise<HttpResponse> {
  const { machine, resource, namespace, name } = call
  const config = readConfig(call)
  const render = renderOf(call)
  const manager = checkOptions(call)
  const stored = machine.store.get(resource.storage, keyOf(namespace, name))
  if (stored === undefined) {
    if (call.subresource !== '') throw notFound(resource, name)
    checkNoUid(call, config)
    const { object, managers } = await applied(call, config, undefined, manager)
    const made = await createObject(call, object, owning(managers))
    return jsonText(201, `${render.one(made)}\n`)
  }
  const read = readableOne(machine, resource, stored)
  const entry = isPromise(read) ? await read : read
  const live = machine.views.of(resource, entry)
  const { object, managers } = await applied(call, config, live, manager)
  const written = await updateObject(call, object, entry, { track: owning(managers) })
  return jsonText(200, `${render.one(written)}\n`)
}

function owning(managers: Managers): typeof trackUpdate {
  return (_call, object) => {
    const list = writeManagers(managers)
    delete object.metadata.managedFields
    if (list.length > 0) object.metadata.managedFields = list
    return undefined
  }
}

function readConfig(call: Call): Stored {
  const { resource, name, namespace, body } = call
  let parsed: unknown
  try {
    parsed = body.trimStart().startsWith('{')
      ? JSON.parse(body)
      : parseYaml(body, { version: '1.1' })
  } catch (error) {
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${yamlFault(error)}`)
  }
  if (!isObject(parsed)) throw badRequest('error decoding YAML: an object was expected')
  const config = parsed
  config.apiVersion ??= ''
  if (config.apiVersion === '' || (config.kind ?? '') === '') {
    const slash = String(config.apiVersion).includes('/') ? '' : '/'
    const kind = `${slash}${String(config.apiVersion)}, Kind=${asString(config.kind) ?? ''}`
    throw badRequest(`invalid object type: ${kind}`)
  }
  if (config.apiVersion !== apiVersionOf(resource)) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${String(config.apiVersion)}, expected: ${apiVersionOf(resource)}`,
    )
  }
  const metadata = isObject(config.metadata) ? config.metadata : {}
  config.metadata = metadata
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil')
  }
  const given = asString(metadata.name) ?? name
  if (given !== name) {
    throw badRequest(
      `the name of the object (${given}) does not match the name on the URL (${name})`,
    )
  }
  metadata.name = name
  checkTyped(call, config)
  if (resource.namespaced) metadata.namespace ??= namespace
  return config as Stored
}

/** What is wrong with a text, in one line; in the server's own words for brackets that stay open. */
function yamlFault(error: unknown): string {
  if (!(error instanceof YAMLParseError)) return String(error)
  const [first = ''] = error.message.split('\n')
  const line = error.linePos?.[0].line ?? 1
  const open = /^Flow (sequence|map)/.exec(first)?.[1]
  if (open === undefined) return `yaml: line ${line}: ${first}`
  return `yaml: line ${line}: did not find expected ',' or '${open === 'map' ? '}' : ']'}'`
}

/** What the schema does not know cannot be owned; unlike other writes, apply refuses it. */
function checkTyped(call: Call, config: Obj): void {
  const { resource, name } = call
  const schema = ownershipSchema(resource)
  if (schema === undefined) return
  const unknown = undeclaredFields(schema, config).map(
    (path) => `${path}: field not declared in schema`,
  )
  const double = doubleItem(schema, config)
  const faults = [
    ...unknown,
    ...mistypedFields(schema, config),
    ...(double === undefined ? [] : [double]),
  ]
  if (faults.length === 0) return
  const namespace = asString(isObject(config.metadata) ? config.metadata.namespace : '') ?? ''
  const { group, version, kind } = resource
  const subject = `${namespace}/${name}; ${group}/${version}, Kind=${kind}`
  const shown = faults.length === 1 ? (faults[0] as string) : `errors:\n  ${faults.join('\n  ')}`
  throw new ApiError(500, '', `failed to create typed patch object (${subject}): ${shown}`)
}

function checkOptions({ query }: Call): string {
  const manager = query.get('fieldManager') ?? ''
  if (manager !== '') return manager
  const kind = { group: 'meta.k8s.io', kind: 'PatchOptions', plural: 'patchoptions' }
  throw invalid(kind, '', [problem.required('fieldManager', 'is required for apply patch')])
}

function checkNoUid({ resource, name }: Call, config: Stored): void {
  const uid = asString(config.metadata.uid) ?? ''
  if (uid === '') return
  const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
  throw conflict(resource, name, why)
}

type Applied = { readonly object: Stored; readonly managers: Managers }

async function applied(
  call: Call,
  config: Stored,
  live: Stored | undefined,
  name: string,
): Promise<Applied> {
  const { resource, subresource } = call
  const schema = ownershipSchema(resource)
  const filter = filterOf(resource, subresource)
  const known = recorded(call, live)
  const who = { name, operation: 'Apply' as const, apiVersion: apiVersionOf(resource), subresource }
  const key = managerKey(who)
  const last = known.get(key)
  const before = live === undefined ? emptyObject(resource) : bare(live)
  const said = filter(fieldsOf(schema, config))
  const fields = stripMeta(said)
  const now = seconds(call.machine.ports.clock.now())
  const me: Manager = { ...who, time: now, fields }
  const withMe = new Map(known).set(key, me)
  const merged = mergeApplied(schema, before, config)
  // Its own name belongs to whoever applies, or metadata would go with the last thing in it that was applied.
  const mine = { ...me, fields: said }
  const pruned = prune(call, merged, new Map(known).set(key, mine), { last, said })
  const elsewhere = changesElsewhere(call, known, before as Stored, pruned as Stored)
  const changes: Changes = {
    changes: filtered(compare(schema, before, pruned), filter),
    elsewhere: isPromise(elsewhere) ? await elsewhere : elsewhere,
  }
  if (!flag(call.query.get('force'))) refuseConflicts(withMe, changes, key)
  const managers = new Map(releaseChanged(withMe, changes, key))
  const unchanged = live !== undefined && equal(before, pruned)
  // Who changes nothing is remembered without a new time.
  if (unchanged) managers.set(key, { ...who, fields, time: last?.time })
  const object = decodeObject(resource, pruned, undefined, live)
  if (resource.custom !== undefined) restoreNulls(pruned, object)
  if (name === 'kubectl') refreshLastApplied(object, config)
  return { object, managers }
}

/** What is not said any more leaves its name behind in a custom kind, for which nothing is typed anew. */
function restoreNulls(from: Value | undefined, to: Value | undefined): void {
  if (Array.isArray(from) && Array.isArray(to)) {
    for (const [index, item] of from.entries()) restoreNulls(item, to[index])
  }
  if (!isObject(from) || !isObject(to) || from === to) return
  for (const [key, item] of Object.entries(from)) {
    if (item === null && !Object.hasOwn(to, key)) to[key] = null
    else restoreNulls(item, to[key])
  }
}

/** An object that nobody has been recorded for belongs, as it is, to one updater before all others. */
function recorded(call: Call, live: Stored | undefined): Managers {
  const known = readManagers(live?.metadata.managedFields) ?? new Map<string, Manager>()
  if (live === undefined || known.size > 0) return known
  const { resource } = call
  const before = { ...compare(ownershipSchema(resource), emptyObject(resource), bare(live)) }
  const who = {
    name: 'before-first-apply',
    operation: 'Update' as const,
    apiVersion: apiVersionOf(resource),
    subresource: '',
  }
  const time = seconds(call.machine.ports.clock.now())
  const fields = filterOf(resource, '')(stripMeta(before.added))
  return new Map([[managerKey(who), { ...who, time, fields }]])
}

/** Takes away what this manager applied last time, not this time, and nobody else owns. */
function prune(
  call: Call,
  merged: Obj,
  managers: Managers,
  { last, said }: { readonly last: Manager | undefined; readonly said: FieldSet },
): Obj {
  if (last === undefined || isEmptySet(difference(last.fields, said))) return merged
  const schema = ownershipSchema(call.resource)
  const named = (set: Manager['fields']) => withNamedFields(schema, set)
  const lastSet = named(last.fields)
  const all = named(fieldsOf(schema, merged))
  const stripped = removeFields(schema, merged, lastSet, 'null')
  let owned = named(fieldsOf(schema, stripped))
  for (const { fields } of managers.values()) owned = union(owned, named(fields))
  const withOwned = removeFields(schema, merged, difference(all, owned), 'null')
  const left = named(fieldsOf(schema, withOwned))
  return removeFields(schema, merged, intersection(difference(all, left), lastSet), 'null')
}

function refuseConflicts(managers: Managers, changes: Changes, key: string): void {
  const found = conflictsOf(managers, changes, key).flatMap(({ manager, fields }) =>
    pathsOf(fields).map((path) => ({
      who: managerText(manager),
      id: managerId(manager),
      path: pathText(path),
    })),
  )
  if (found.length === 0) return
  const causes = found.map(({ who, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${who}`,
    field: path,
  }))
  throw new ApiError(409, 'Conflict', conflictMessage(found), { causes })
}

type Conflicting = { readonly who: string; readonly id: string; readonly path: string }

function conflictMessage(found: readonly Conflicting[]): string {
  const [first] = found
  if (found.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${first.who}: ${first.path}`
  }
  const byId = new Map(found.map(({ id, who }) => [id, who]))
  const managers = [...byId].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, who]) => who)
  const lines = managers.flatMap((who) => [
    `conflicts with ${who}:`,
    ...found.filter((one) => one.who === who).map(({ path }) => `- ${path}`),
  ])
  return `Apply failed with ${found.length} conflicts: ${lines.join('\n')}`
}

/** As managers are told apart, which is also how they are sorted. */
function managerId({ name, operation, apiVersion, subresource }: Manager): string {
  return JSON.stringify({
    manager: name,
    operation,
    ...(operation === 'Apply' ? {} : { apiVersion }),
    ...(subresource === '' ? {} : { subresource }),
  })
}

function managerText({ name, operation, apiVersion, subresource }: Manager): string {
  const who = `${JSON.stringify(name)}${subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`}`
  if (operation === 'Apply') return who
  return `${who} using ${apiVersion}`
}

/** A kubectl that went from client-side to server-side apply finds its note kept up to date. */
function refreshLastApplied(object: Stored, config: Stored): void {
  const annotations = object.metadata.annotations
  if (!isObject(annotations) || (annotations[lastApplied] ?? '') === '') return
  const note = clone(config) as Stored
  if (isObject(note.metadata.annotations)) delete note.metadata.annotations[lastApplied]
  object.metadata.annotations = { ...annotations, [lastApplied]: `${JSON.stringify(note)}\n` }
}
