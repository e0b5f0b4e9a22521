/** Who owns which field after a create, replace or patch. */
import type { Obj } from '#core/schema/json.ts'
import { lostLists, normalise } from '../builtin/normalise.ts'
import { seconds } from '../builtin/times.ts'
import type { Call } from '../machine.ts'
import { apiVersionOf, type Resource, type Stored } from '../resource.ts'
import { type Comparison, compare } from './compare.ts'
import {
  difference,
  type FieldSet,
  intersection,
  isEmptySet,
  noFields,
  union,
} from './field-set.ts'
import { type Filter, filterOf } from './filter.ts'
import {
  type Manager,
  type Managers,
  managerKey,
  readManagers,
  stripMeta,
  writeManagers,
} from './owners.ts'
import { ownershipSchema } from './ownership-schema.ts'
import { changesElsewhere, type Elsewhere } from './versions.ts'

/** Who writes: the name a client gives itself, or the beginning of its user agent. */
export function managerName({ query, headers }: Call): string {
  const given = query.get('fieldManager') ?? ''
  if (given !== '') return given
  return (headers['user-agent'] ?? '').split('/')[0]?.slice(0, 128) || 'unknown'
}

/**
 * Brings managedFields of `object` up to date with what this request changed. Waits only where owners know the object in
 * a version that a webhook has to translate it to.
 */
export function trackUpdate(
  call: Call,
  object: Stored,
  old: Stored | undefined,
): Promise<void> | undefined {
  const { resource, subresource } = call
  const given = object.metadata.managedFields
  delete object.metadata.managedFields
  if (!call.machine.tracksOwners) return undefined
  if (subresource === '' && isReset(given)) return undefined
  const own = subresource === '' && Array.isArray(given) ? readManagers(given) : undefined
  const known =
    own === undefined || own.size === 0
      ? (readManagers(old?.metadata.managedFields) ?? new Map<string, Manager>())
      : own
  // An object that nobody has been recorded for stays that way until it is applied.
  if (old !== undefined && known.size === 0) return undefined
  const filter = filterOf(resource, subresource)
  const live = old === undefined ? emptyObject(resource) : bare(old)
  const changes = filtered(
    withLost(compare(ownershipSchema(resource), live, object), object),
    filter,
  )
  const who = {
    name: managerName(call),
    operation: 'Update' as const,
    apiVersion: apiVersionOf(resource),
    subresource,
    time: seconds(call.machine.ports.clock.now()),
  }
  const write = (elsewhere: Elsewhere): void => {
    const list = writeManagers(update(known, { changes, elsewhere }, filter, who))
    if (list.length > 0) object.metadata.managedFields = list
  }
  const elsewhere = changesElsewhere(call, known, live as Stored, bare(object))
  if (elsewhere instanceof Promise) return elsewhere.then(write)
  write(elsewhere)
  return undefined
}

/** Empty lists that were said become nothing once they are stored, and still they were said. */
function withLost(changes: Comparison, object: Stored): Comparison {
  const lost = lostLists.get(object)
  if (lost === undefined) return changes
  const said = lost.map((path) =>
    path.reduceRight<FieldSet>((inner, name) => ({ [`f:${name}`]: inner }), noFields),
  )
  return { ...changes, modified: said.reduce(union, changes.modified) }
}

/** A list that is empty, or holds one empty entry, asks to forget all owners. */
function isReset(given: unknown): boolean {
  if (!Array.isArray(given)) return false
  if (given.length === 0) return true
  return given.length === 1 && Object.keys(given[0] as object).length === 0
}

/** In the version of the request, and in those of other owners. */
export type Changes = { readonly changes: Comparison; readonly elsewhere: Elsewhere }

function update(
  known: Managers,
  { changes, elsewhere }: Changes,
  filter: Filter,
  who: Omit<Manager, 'fields'>,
): Managers {
  const key = managerKey(who)
  const managers = new Map(releaseChanged(known, { changes, elsewhere }, key))
  const taken = stripMeta(filter(union(changes.modified, changes.added)))
  const mine = known.get(key)
  // What it owned and changed again it goes on owning, so its set often stays the very same.
  const kept = mine === undefined ? noFields : difference(mine.fields, changes.removed)
  if (!isEmptySet(taken)) managers.set(key, { ...who, fields: union(kept, taken) })
  else if (mine !== undefined && !isEmptySet(kept)) managers.set(key, { ...mine, fields: kept })
  else managers.delete(key)
  return isEmptySet(taken) ? managers : capped(managers)
}

/** Updaters that are remembered by name; the oldest beyond them become one. */
const updatersMax = 10
const ancient = 'ancient-changes'

function capped(managers: Map<string, Manager>): Managers {
  const updaters = () => [...managers].filter(([, { operation }]) => operation === 'Update')
  while (updaters().length > updatersMax) {
    const [oldest] = updaters()
      .filter(([, { name }]) => name !== ancient)
      .sort(([, a], [, b]) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1))
    if (oldest === undefined) break
    const [key, manager] = oldest
    const heap: Manager = { ...manager, name: ancient, subresource: '' }
    const known = managers.get(managerKey(heap))?.fields ?? noFields
    managers.delete(key)
    managers.set(managerKey(heap), { ...heap, fields: union(known, manager.fields) })
  }
  return managers
}

/** Everybody loses what was changed or removed. */
export function releaseChanged(known: Managers, changes: Changes, except?: string): Managers {
  const result = new Map<string, Manager>()
  for (const [key, manager] of known) {
    if (key === except) {
      result.set(key, manager)
      continue
    }
    const seen = seenBy(manager, changes)
    if (seen === undefined) continue
    const changed = union(seen.modified, seen.added)
    const kept = difference(difference(manager.fields, changed), seen.removed)
    if (!isEmptySet(kept)) result.set(key, { ...manager, fields: kept })
  }
  return result
}

/** The changes in the words of an owner; undefined where its version is no more. */
function seenBy({ apiVersion }: Manager, { changes, elsewhere }: Changes): Comparison | undefined {
  return elsewhere.has(apiVersion) ? elsewhere.get(apiVersion) : changes
}

/** What others own of what is about to change. */
export function conflictsOf(
  known: Managers,
  changes: Changes,
  except: string,
): { manager: Manager; fields: FieldSet }[] {
  return [...known].flatMap(([key, manager]) => {
    const seen = key === except ? undefined : seenBy(manager, changes)
    if (seen === undefined) return []
    const fields = intersection(manager.fields, union(seen.modified, seen.added))
    return isEmptySet(fields) ? [] : [{ manager, fields }]
  })
}

export function filtered({ added, removed, modified }: Comparison, filter: Filter): Comparison {
  return { added: filter(added), removed: filter(removed), modified: filter(modified) }
}

const empties = new WeakMap<Resource, Obj>()

/** The object before it was there: Go's zero value, or nothing but its head for custom kinds. */
export function emptyObject(resource: Resource): Obj {
  let empty = empties.get(resource)
  if (empty === undefined) {
    const { custom, schema } = resource
    const head = { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata: {} }
    empty =
      custom === undefined && schema !== undefined ? { ...head, ...normalise(schema, {}) } : head
    empties.set(resource, empty)
  }
  return empty
}

/** An object without its managedFields. */
export function bare(object: Stored): Stored {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
