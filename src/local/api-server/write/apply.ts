/** Server-side apply: a configuration is laid over the object, and its author owns what it says. */

import { parse as parseYaml } from 'yaml'
import { asString, clone, equal, isObject, type Obj } from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import type { HttpResponse } from '#kube/http.ts'
import { jsonText } from '../answer.ts'
import { seconds } from '../builtin/times.ts'
import { decodeObject } from '../decode.ts'
import { compare } from '../fields/compare.ts'
import {
  difference,
  intersection,
  isEmptySet,
  pathsOf,
  pathText,
  sameSet,
  union,
} from '../fields/field-set.ts'
import { filterOf } from '../fields/filter.ts'
import { doubleItem, mergeApplied } from '../fields/merge.ts'
import {
  type Manager,
  type Managers,
  managerKey,
  readManagers,
  stripMeta,
  writeManagers,
} from '../fields/owners.ts'
import { bare, conflictsOf, emptyObject, filtered, releaseChanged } from '../fields/track.ts'
import { fieldsOf, removeFields, withNamedFields } from '../fields/tree.ts'
import { undeclaredFields } from '../fields/undeclared.ts'
import { flag } from '../list-options.ts'
import { type Call, keyOf } from '../machine.ts'
import { objectOf } from '../output.ts'
import { renderOf } from '../render.ts'
import { apiVersionOf, type Stored } from '../resource.ts'
import { ApiError, badRequest, conflict, invalid, notFound } from '../status.ts'
import { createObject } from './create.ts'
import { updateObject } from './update.ts'

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

export function apply(call: Call): HttpResponse {
  const { machine, resource, namespace, name } = call
  const config = readConfig(call)
  const render = renderOf(call)
  const manager = checkOptions(call)
  const entry = machine.store.get(resource.storage, keyOf(namespace, name))
  if (entry === undefined) {
    if (call.subresource !== '') throw notFound(resource, name)
    checkNoUid(call, config)
    const { object, managers } = applied(call, config, undefined, manager)
    const made = createObject(call, object, (_call, target) => own(target, managers))
    return jsonText(201, `${render.one(made)}\n`)
  }
  const live = objectOf(resource, entry)
  const { object, managers } = applied(call, config, live, manager)
  const written = updateObject(call, object, entry, (_call, target) => own(target, managers))
  return jsonText(200, `${render.one(written)}\n`)
}

function own(object: Stored, managers: Managers): void {
  const list = writeManagers(managers)
  delete object.metadata.managedFields
  if (list.length > 0) object.metadata.managedFields = list
}

function readConfig(call: Call): Stored {
  const { resource, name, namespace, body } = call
  let parsed: unknown
  try {
    parsed = body.trimStart().startsWith('{')
      ? JSON.parse(body)
      : parseYaml(body, { version: '1.1' })
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`)
  }
  if (!isObject(parsed)) throw badRequest('error decoding YAML: an object was expected')
  const config = parsed
  config.apiVersion ??= ''
  if (config.apiVersion === '') throw badRequest('invalid object type: apiVersion must be set')
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
  if (resource.namespaced) metadata.namespace ??= namespace
  checkTyped(call, config)
  return config as Stored
}

/** What the schema does not know cannot be owned; unlike other writes, apply refuses it. */
function checkTyped(call: Call, config: Obj): void {
  const { resource, name, namespace } = call
  const { schema } = resource
  if (schema === undefined) return
  const unknown = undeclaredFields(schema, config).map(
    (path) => `${path}: field not declared in schema`,
  )
  const double = doubleItem(schema, config)
  const faults = [...unknown, ...(double === undefined ? [] : [double])]
  if (faults.length === 0) return
  const subject = `${namespace === '' ? '' : `${namespace}/`}${name}; ${apiVersionOf(resource)}, Kind=${resource.kind}`
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

function applied(call: Call, config: Stored, live: Stored | undefined, name: string): Applied {
  const { resource, subresource } = call
  const { schema } = resource
  const filter = filterOf(resource, subresource)
  const known = recorded(call, live)
  const who = { name, operation: 'Apply' as const, apiVersion: apiVersionOf(resource), subresource }
  const key = managerKey(who)
  const last = known.get(key)
  const before = live === undefined ? emptyObject(resource) : bare(live)
  const fields = stripMeta(filter(fieldsOf(schema, config)))
  const now = seconds(call.machine.ports.clock.now())
  const me: Manager = { ...who, time: now, fields }
  const withMe = new Map(known).set(key, me)
  const merged = mergeApplied(schema, before, config)
  const pruned = prune(call, merged, withMe, last)
  const changes = filtered(compare(schema, before, pruned), filter)
  if (!flag(call.query.get('force'))) refuseConflicts(withMe, changes, key)
  const managers = new Map(releaseChanged(withMe, changes, key))
  const unchanged = live !== undefined && equal(before, pruned)
  if (unchanged && last !== undefined && sameSet(last.fields, fields)) managers.set(key, last)
  const object = decodeObject(resource, clone(pruned)) as Stored
  if (name === 'kubectl') refreshLastApplied(object, config)
  return { object, managers }
}

/** An object that nobody has been recorded for belongs, as it is, to one updater before all others. */
function recorded(call: Call, live: Stored | undefined): Managers {
  const known = readManagers(live?.metadata.managedFields) ?? new Map<string, Manager>()
  if (live === undefined || known.size > 0) return known
  const { resource } = call
  const before = { ...compare(resource.schema, emptyObject(resource), bare(live)) }
  const who = {
    name: 'before-first-apply',
    operation: 'Update' as const,
    apiVersion: apiVersionOf(resource),
    subresource: '',
  }
  const time = seconds(call.machine.ports.clock.now())
  return new Map([[managerKey(who), { ...who, time, fields: stripMeta(before.added) }]])
}

/** Takes away what this manager applied last time, not this time, and nobody else owns. */
function prune(call: Call, merged: Obj, managers: Managers, last: Manager | undefined): Obj {
  if (last === undefined || isEmptySet(last.fields)) return merged
  const { schema } = call.resource
  const named = (set: Manager['fields']) => withNamedFields(schema, set)
  const lastSet = named(last.fields)
  const all = named(fieldsOf(schema, merged))
  const stripped = removeFields(schema, merged, lastSet)
  let owned = named(fieldsOf(schema, stripped))
  for (const { fields } of managers.values()) owned = union(owned, named(fields))
  const withOwned = removeFields(schema, merged, difference(all, owned))
  const left = named(fieldsOf(schema, withOwned))
  return removeFields(schema, merged, intersection(difference(all, left), lastSet))
}

function refuseConflicts(
  managers: Managers,
  changes: ReturnType<typeof compare>,
  key: string,
): void {
  const found = conflictsOf(managers, changes, key).flatMap(({ manager, fields }) =>
    pathsOf(fields).map((path) => ({ who: managerText(manager), path: pathText(path) })),
  )
  if (found.length === 0) return
  const causes = found.map(({ who, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${who}`,
    field: path,
  }))
  throw new ApiError(409, 'Conflict', conflictMessage(found), { causes })
}

function conflictMessage(found: readonly { who: string; path: string }[]): string {
  const [first] = found
  if (found.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${first.who}: ${first.path}`
  }
  const managers = [...new Set(found.map(({ who }) => who))].sort()
  const lines = managers.flatMap((who) => [
    `conflicts with ${who}:`,
    ...found.filter((one) => one.who === who).map(({ path }) => `- ${path}`),
  ])
  return `Apply failed with ${found.length} conflicts: ${lines.join('\n')}`
}

function managerText({ name, operation, apiVersion, subresource, time }: Manager): string {
  const who = `${JSON.stringify(name)}${subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`}`
  if (operation === 'Apply') return who
  return `${who} using ${apiVersion}${time === undefined ? '' : ` at ${time}`}`
}

/** A kubectl that went from client-side to server-side apply finds its note kept up to date. */
function refreshLastApplied(object: Stored, config: Stored): void {
  const annotations = object.metadata.annotations
  if (!isObject(annotations) || (annotations[lastApplied] ?? '') === '') return
  const note = clone(config) as Stored
  if (isObject(note.metadata.annotations)) delete note.metadata.annotations[lastApplied]
  annotations[lastApplied] = `${JSON.stringify(note)}\n`
}
