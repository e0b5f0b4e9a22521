/** The last step of every write: the object goes into the store, or only looks as if, for a dry run. */

import { at, equal } from '#core/schema/json.ts'
import { selectableFields } from '../builtin/fields.ts'
import { convertForm, inForm, readableOne, storageForm } from '../crd/forms.ts'
import { isSound } from '../crd/validate.ts'
import { timeless } from '../fields/scale-owners.ts'
import { type Call, keyOf } from '../machine.ts'
import { forStore } from '../output.ts'
import type { Resource, Stored } from '../resource.ts'
import { ApiError } from '../status.ts'
import type { Entry, Origin } from '../store.ts'
import { entryOf, sizeOf } from '../stored-entry.ts'
import { strategyOf } from '../strategies.ts'
import { Torn } from './torn.ts'

/** etcd's limit for one request, which is what limits the size of an object. */
const objectLimit = 1.5 * 1024 * 1024

export function isDryRun({ query }: Call): boolean {
  return query.getAll('dryRun').includes('All')
}

/**
 * Writes an object of any version and answers it in the form of that version. Rejects with `Torn` when `old` is no
 * longer what stands there, with a 500 when the object cannot be converted.
 */
export async function commitAny(
  call: Call,
  object: Stored,
  old: Entry | undefined,
): Promise<Entry> {
  const { machine, resource } = call
  const form = storageForm(resource)
  if (form === resource || isDryRun(call)) return commit(call, object, old)
  if (old !== undefined && isUnchanged(call, object, old)) return old
  const stored = await inForm(machine, object, resource, form)
  const entry = commit({ ...call, resource: convertForm(form) }, stored, old)
  return readableOne(machine, resource, entry)
}

/**
 * Writes an object, in the form it is stored in, under its name; `old` is what was there when the work on it began. An
 * unchanged object is not written. Throws `Torn` when something else stands there by now.
 */
export function commit(call: Call, object: Stored, old: Entry | undefined): Entry {
  const { machine, resource } = call
  const { store } = machine
  const key = keyOf(String(object.metadata.namespace ?? ''), String(object.metadata.name))
  if (store.get(resource.storage, key)?.revision !== old?.revision) throw new Torn()
  if (old !== undefined && isUnchanged(call, object, old)) return old
  const stored = forStore(resource, object)
  const fields = selectableFields(resource, stored)
  const origin = originOf(resource, object)
  if (isDryRun(call)) {
    const revision = old?.revision ?? 0
    const entry = entryOf(key, revision, stored, fields, origin)
    if (old !== undefined) return entry
    delete stored.metadata.resourceVersion
    return { ...entry, text: withoutHead(stored) }
  }
  // Nothing grows beyond what came in and what was there.
  if (call.body.length + (old === undefined ? 0 : sizeOf(old)) > objectLimit / 4) {
    checkObjectSize(stored)
  }
  const like = old && { entry: old, object: machine.views.of(resource, old) }
  const entry = store.write(resource.storage, key, stored, fields, origin, like)
  if (old === undefined && strategyOf(resource).completedLater?.(object) === true) {
    incomplete.add(entry)
  }
  for (const written of machine.hooks.written) written(resource, key)
  return entry
}

/** What is kept beside the text of a custom object; the other kinds never change. */
function originOf(resource: Resource, object: Stored): Origin | undefined {
  return resource.custom === undefined ? undefined : { form: resource, sound: isSound(object) }
}

function withoutHead({ kind: _kind, apiVersion: _apiVersion, metadata, ...rest }: Stored): string {
  return JSON.stringify({ metadata, ...rest })
}

/** New objects that are stored without something that their readers are told. */
const incomplete = new WeakSet<Entry>()

function isUnchanged(call: Call, object: Stored, old: Entry): boolean {
  if (incomplete.has(old)) return false
  const before = call.machine.views.of(call.resource, old)
  object.metadata.resourceVersion = String(old.revision)
  if (equal(object, before)) return true
  const list = object.metadata.managedFields
  const listed = before.metadata.managedFields
  // Instants at which somebody said again what was so already are no change.
  if (list === undefined || listed === undefined) return false
  if (!equal(timeless(list), timeless(listed))) return false
  return equal({ ...object, metadata: { ...object.metadata, managedFields: listed } }, before)
}

/**
 * Takes an object of any version away and answers its last state in the form of that version. Rejects with `Torn` when
 * `old` is no longer what stands there, with a 500 when the object cannot be converted.
 */
export async function purgeAny(call: Call, object: Stored, old: Entry): Promise<Entry> {
  const { machine, resource } = call
  const form = storageForm(resource)
  const stored = form === resource ? object : await inForm(machine, object, resource, form)
  if (machine.store.get(resource.storage, old.key)?.revision !== old.revision) throw new Torn()
  return readableOne(machine, resource, purge({ ...call, resource: form }, stored))
}

/** The object, in the form it is stored in, goes for good; watches see its last state. */
export function purge(call: Call, object: Stored): Entry {
  const { machine, resource } = call
  const key = keyOf(String(object.metadata.namespace ?? ''), String(object.metadata.name))
  const stored = forStore(resource, object)
  if (isDryRun(call)) {
    const revision = Number(at(object, 'metadata', 'resourceVersion') ?? 0)
    return entryOf(key, revision, stored, {}, originOf(resource, object))
  }
  const entry = machine.store.remove(resource.storage, key, stored)
  for (const written of machine.hooks.written) written(resource, key)
  return entry
}

function checkObjectSize(object: Stored): void {
  if (Buffer.byteLength(JSON.stringify(object)) <= objectLimit) return
  throw new ApiError(500, '', 'etcdserver: request is too large')
}
