/** The last step of every write: the object goes into the store, or only looks as if, for a dry run. */
import { at, equal } from '#core/schema/json.ts'
import { selectableFields } from '../builtin/fields.ts'
import { type Call, keyOf } from '../machine.ts'
import { forStore, objectOf } from '../output.ts'
import type { Stored } from '../resource.ts'
import { ApiError } from '../status.ts'
import { type Entry, entryOf } from '../store.ts'

/** etcd's limit for one request, which is what limits the size of an object. */
const objectLimit = 1.5 * 1024 * 1024

export function isDryRun({ query }: Call): boolean {
  return query.getAll('dryRun').includes('All')
}

/** Writes the object under its name; `old` is what stands there now. An unchanged object is not written. */
export function commit(call: Call, object: Stored, old: Entry | undefined): Entry {
  const { machine, resource } = call
  const { store } = machine
  const key = keyOf(String(object.metadata.namespace ?? ''), String(object.metadata.name))
  if (old !== undefined && isUnchanged(call, object, old)) return old
  const stored = forStore(resource, object)
  const fields = selectableFields(resource, stored)
  if (isDryRun(call)) {
    const revision = old?.revision ?? 0
    const entry = entryOf(key, revision, stored, fields)
    if (old !== undefined) return entry
    delete stored.metadata.resourceVersion
    return { ...entry, text: withoutHead(stored) }
  }
  // Nothing grows beyond what came in and what was there.
  if (call.body.length + (old?.text.length ?? 0) > objectLimit / 4) checkObjectSize(stored)
  const entry = store.write(resource.storage, key, stored, fields)
  for (const written of machine.hooks.written) written(resource, key)
  return entry
}

function withoutHead({ kind: _kind, apiVersion: _apiVersion, metadata, ...rest }: Stored): string {
  return JSON.stringify({ metadata, ...rest })
}

function isUnchanged(call: Call, object: Stored, old: Entry): boolean {
  const before = objectOf(call.resource, old)
  object.metadata.resourceVersion = String(old.revision)
  return equal(object, before)
}

/** The object goes for good; watches see its last state. */
export function purge(call: Call, object: Stored): Entry {
  const { machine, resource } = call
  const key = keyOf(String(object.metadata.namespace ?? ''), String(object.metadata.name))
  const stored = forStore(resource, object)
  if (isDryRun(call)) {
    const revision = Number(at(object, 'metadata', 'resourceVersion') ?? 0)
    return entryOf(key, revision, stored, {})
  }
  const entry = machine.store.remove(resource.storage, key, stored)
  for (const written of machine.hooks.written) written(resource, key)
  return entry
}

function checkObjectSize(object: Stored): void {
  if (Buffer.byteLength(JSON.stringify(object)) <= objectLimit) return
  throw new ApiError(500, '', 'etcdserver: request is too large')
}
